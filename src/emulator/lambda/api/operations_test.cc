#include "emulator/lambda/api/operations.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sortie::emulator::lambda {
namespace {

std::string name_at(std::string method, std::string path, std::string query = {}) {
  http::Request request;
  request.method = std::move(method);
  request.path = std::move(path);
  request.query = std::move(query);
  std::vector<std::string> parts;
  const auto* row = find_operation(request, parts);
  std::string found(row == nullptr ? "none" : row->name);
  for (const auto& part : parts) found += row == nullptr ? "" : " " + part;
  return found;
}

TEST(Operations, AreFoundByMethodAndPath) {
  EXPECT_EQ(name_at("POST", "/2015-03-31/functions/f/invocations"), "Invoke f");
  EXPECT_EQ(name_at("GET", "/2015-03-31/functions/"), "ListFunctions");
  EXPECT_EQ(name_at("GET", "/2015-03-31/functions/a%3Ab"), "GetFunction a:b");
  EXPECT_EQ(name_at("DELETE", "/2015-03-31/functions/f/aliases/live"), "DeleteAlias f live");
  EXPECT_EQ(name_at("PATCH", "/2015-03-31/functions/f"), "none");
  EXPECT_EQ(name_at("GET", "/2015-03-31/functions/f/more/of/it"), "none");
}

TEST(Operations, AQueryTellsTwoAtTheSamePathApart) {
  EXPECT_EQ(name_at("GET", "/2018-10-31/layers", "find=LayerVersion&Arn=x"), "GetLayerVersionByArn");
  EXPECT_EQ(name_at("GET", "/2018-10-31/layers", "find=Other"), "ListLayers");
  const auto* path = "/2019-09-30/functions/f/provisioned-concurrency";
  EXPECT_EQ(name_at("GET", path, "List=ALL"), "ListProvisionedConcurrencyConfigs f");
  EXPECT_EQ(name_at("GET", path, "Qualifier=1"), "GetProvisionedConcurrencyConfig f");
}

TEST(Operations, TheSummaryNamesThoseOfAwsAlone) {
  const auto summary = operations_summary();
  const auto supported = [&summary](std::string_view name) {
    const auto found = std::ranges::find(summary, name, &OperationSummary::name);
    return found == summary.end() ? "not there" : found->supported ? "supported" : "unsupported";
  };
  EXPECT_STREQ(supported("Invoke"), "supported");
  EXPECT_STREQ(supported("ListEventSourceMappings"), "unsupported");
  EXPECT_STREQ(supported("GetSnapshot"), "not there");
  EXPECT_EQ(std::ranges::count_if(summary, &OperationSummary::supported), 67);
}

}  // namespace
}  // namespace sortie::emulator::lambda
