#include "emulator/lambda/api/paging.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/number.h"
#include "emulator/lambda/catalogue/errors.h"
#include "wire/checksum.h"

namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr int k_default_page = 50;
constexpr int k_longest_page = 10'000;

}  // namespace

AwsResult<Page> read_page(std::string_view max_items, std::string_view marker) {
  Page page{.size = k_default_page};
  if (!max_items.empty()) {
    page.size = parse_number<int>(max_items).value_or(0);
    if (page.size < 1) {
      return std::unexpected(
          validation_error({constraint(max_items, "maxItems", "Member must have value greater than or equal to 1")}));
    }
    if (page.size > k_longest_page) {
      return std::unexpected(
          validation_error({constraint(max_items, "maxItems", "Member must have value less than or equal to 10000")}));
    }
  }
  if (!marker.empty()) {
    auto after = wire::base64_decode(marker);
    if (!after) return std::unexpected(invalid_parameter("The marker is not valid."));
    page.after = *std::move(after);
  }
  return page;
}

json::object page_document(std::string_view member, std::vector<std::pair<std::string, json::object>> items,
                           const Page& page) {
  auto first = std::find_if(items.begin(), items.end(),
                            [&page](const auto& item) { return page.after.empty() || item.first > page.after; });
  json::array list;
  json::object document;
  for (; first != items.end(); ++first) {
    if (static_cast<int>(list.size()) == page.size) {
      document.emplace("NextMarker", wire::base64_encode(std::prev(first)->first));
      break;
    }
    list.push_back(std::move(first->second));
  }
  document.emplace(member, std::move(list));
  return document;
}

}  // namespace sortie::emulator::lambda
