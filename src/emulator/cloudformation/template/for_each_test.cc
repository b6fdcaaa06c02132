#include "emulator/cloudformation/template/for_each.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "emulator/cloudformation/template/read_template.h"
#include "emulator/cloudformation/template/template.h"
#include "emulator/cloudformation/template/template_text.h"

namespace sortie::emulator::cloudformation {
namespace {

/// The section X of a template, its loops written out; or the refusal.
std::string written(std::string_view yaml, const ParameterTexts& parameters = {}, bool transform = true) {
  const std::string head = transform ? "Transform: AWS::LanguageExtensions\n" : "";
  auto document = parse_template_text(head + "Parameters: {L: {Type: CommaDelimitedList, Default: 'd,e'}}\nX:\n" +
                                      std::string(yaml));
  if (!document) return document.error().message;
  const auto done = expand_for_each(*document, parameters);
  return done ? boost::json::serialize(document->at("X")) : done.error().message;
}

TEST(ForEach, AreWrittenOutInPlace) {
  EXPECT_EQ(
      written("  A: 1\n  Fn::ForEach::Loop:\n  - N\n  - [x, y.z]\n  - 'R&{N}': {Name: 'n-${N}', Of: !Ref N}\n  B: 2\n"),
      R"({"A":1,"Rx":{"Name":"n-x","Of":"x"},"Ryz":{"Name":"n-y.z","Of":"y.z"},"B":2})");
}

TEST(ForEach, GoThroughAParameter) {
  constexpr std::string_view k_loop = "  Fn::ForEach::Loop: [N, !Ref L, {'R${N}': 1}]\n";
  EXPECT_EQ(written(k_loop), R"({"Rd":1,"Re":1})");
  EXPECT_EQ(written(k_loop, {{"L", "f"}}), R"({"Rf":1})");
}

TEST(ForEach, MayBeWithinLoops) {
  EXPECT_EQ(
      written(
          "  Fn::ForEach::Outer:\n  - A\n  - [x, y]\n  - Fn::ForEach::Inner: [B, ['1', '2'], {'R${A}${B}': !Ref A}]\n"),
      R"({"Rx1":"x","Rx2":"x","Ry1":"y","Ry2":"y"})");
}

TEST(ForEach, AreNothingWithoutTheTransform) {
  EXPECT_NE(written("  Fn::ForEach::Loop: [N, [x], {'R${N}': 1}]\n", {}, false).find("Fn::ForEach::Loop"),
            std::string::npos);
}

TEST(ForEach, ThatCannotBeAreRefused) {
  EXPECT_NE(written("  Fn::ForEach::Loop: [N, [x]]\n").find("layout is incorrect"), std::string::npos);
  EXPECT_NE(written("  Fn::ForEach::Loop: [N, x, {'R${N}': 1}]\n").find("must be a list"), std::string::npos);
  EXPECT_NE(written("  Fn::ForEach::Loop: [N, [x, y], {R: 1}]\n").find("makes R twice"), std::string::npos);
}

TEST(ForEach, AreLimited) {
  std::string loop = "{'R${A}${B}${C}${D}${E}${F}': 1}";
  for (char name = 'F'; name >= 'A'; --name) {
    loop = "{'Fn::ForEach::" + std::string(1, name) + "': [" + std::string(1, name) +
           ", [a, b, c, d, e, f, g, h, i], " + loop + "]}";
  }
  EXPECT_NE(written("  Y: " + loop + "\n").find("too many values"), std::string::npos);
}

TEST(ForEach, MakeResources) {
  const auto whole = load_template(
      "Transform: AWS::LanguageExtensions\nParameters: {L: {Type: CommaDelimitedList}}\n"
      "Resources:\n  Fn::ForEach::Groups:\n  - N\n  - !Ref L\n  - 'G${N}': {Type: AWS::Logs::LogGroup}\n",
      {{"L", "A,B"}});
  ASSERT_TRUE(whole) << whole.error().message;
  ASSERT_EQ(whole->resources.size(), 2U);
  EXPECT_EQ(whole->resources[1].logical_id, "GB");
}

}  // namespace
}  // namespace sortie::emulator::cloudformation
