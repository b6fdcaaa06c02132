#include "emulator/cloudformation/template/macros.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <optional>

#include "emulator/cloudformation/template/read_template.h"
#include "emulator/cloudformation/template/template_text.h"

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

/// Reads YAML; a test that gives something else ends here.
json::object document(std::string_view yaml) {
  auto parsed = parse_template_text(yaml);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? std::move(*parsed) : json::object();
}

/// Runs expansions with macros that are functions here.
class Expansion : public testing::Test {
 protected:
  std::string expand(std::string_view yaml) {
    std::optional<AwsResult<json::object>> result;
    asio::io_context io;
    const MacroRunner run = [this](Transform transform, json::value fragment) -> Task<AwsResult<json::value>> {
      ran.push_back(transform.name + json::serialize(fragment));
      co_return macro(transform, std::move(fragment));
    };
    asio::co_spawn(io, expand_macros(document(yaml), parameters, run),
                   [&](const std::exception_ptr& error, AwsResult<json::object> outcome) {
                     EXPECT_FALSE(error);
                     result = std::move(outcome);
                   });
    io.run();
    if (!result) return "it did not end";
    return *result ? json::serialize(**result) : result->error().message;
  }

  AwsResult<json::value> macro(const Transform& transform, json::value fragment) const {
    if (transform.name == "Fail") return transform_failed("Fail", "why");
    if (transform.name == "Text") return json::string("text");
    if (transform.name == "Again") return json::object{{"Fn::Transform", "Mark"}};
    if (transform.name == "Large") return json::string(std::string(k_max_processed, 'x'));
    if (!fragment.is_object()) return json::value(fragment);
    fragment.get_object()[transform.name] = static_cast<std::int64_t>(ran.size());
    return fragment;
  }

  ParameterTexts parameters;
  std::vector<std::string> ran;
};

TEST_F(Expansion, GoesFromTheInsideOut) {
  EXPECT_EQ(expand("Transform: [L, {Name: M}]\n"
                   "A: {Fn::Transform: [I, J], B: {Fn::Transform: H, C: [{Fn::Transform: G}]}}\nFn::Transform: K\n"),
            R"({"A":{"B":{"C":[{"G":1}],"H":2},"I":3,"J":4},"K":5,"L":6,"M":7})");
  EXPECT_EQ(ran.front(), "G{}");
  EXPECT_EQ(ran[2], R"(I{"B":{"C":[{"G":1}],"H":2}})");
}

TEST_F(Expansion, TakesWhateverAMacroGivesForASnippet) {
  EXPECT_EQ(expand("A: {Fn::Transform: Text, B: 1}\nC: [!Transform {Name: Text}]\n"), R"({"A":"text","C":["text"]})");
}

TEST_F(Expansion, EndsAtTheFirstFailure) {
  EXPECT_EQ(expand("A: {Fn::Transform: [Mark, Fail, Mark]}\nB: {Fn::Transform: Mark}\n"),
            "Transform Fail failed with: why");
  EXPECT_EQ(ran.size(), 2);
}

TEST_F(Expansion, WantsATemplateForATemplate) {
  EXPECT_EQ(expand("Transform: Text\nA: 1\n"), "Template format error: unsupported structure.");
  EXPECT_EQ(expand("Fn::Transform: Text\nA: 1\n"), "Template format error: unsupported structure.");
}

TEST_F(Expansion, DoesNotRunWhatAMacroBrings) {
  for (const char* yaml : {"A: {Fn::Transform: Again}\n", "Transform: Again\n"}) {
    EXPECT_EQ(expand(yaml), "Template format error: Encountered unsupported function: Fn::Transform");
    EXPECT_EQ(ran.size(), 1);
    ran.clear();
  }
}

TEST_F(Expansion, WritesLoopsOutWhenItIsTheirTurn) {
  parameters = {{"L", "x,y"}};
  const std::string loops =
      "Parameters: {L: {Type: CommaDelimitedList}}\nR: {Fn::ForEach::F: [N, !Ref L, {\"K${N}\": 1}]}\n";
  EXPECT_EQ(expand("Transform: [AWS::LanguageExtensions, M]\n" + loops),
            R"({"Parameters":{"L":{"Type":"CommaDelimitedList"}},"R":{"Kx":1,"Ky":1},"M":1,)"
            R"("Transform":"AWS::LanguageExtensions"})");
  ran.clear();
  expand("Transform: [M, AWS::LanguageExtensions]\n" + loops);
  EXPECT_NE(ran.at(0).find("Fn::ForEach::F"), std::string::npos);
}

TEST_F(Expansion, HasLimits) {
  EXPECT_EQ(expand("A: {Fn::Transform: Large}\n"), "Transformation data limit exceeded");
  std::string many = "A:\n";
  for (std::size_t i = 0; i <= k_max_transforms; ++i) many += "  - {Fn::Transform: Mark}\n";
  EXPECT_EQ(expand(many), "Transformation data limit exceeded");
}

TEST(Macros, AreUsedBySectionsAndFunctions) {
  for (const char* yaml : {"Transform: M", "Transform: [AWS::LanguageExtensions, M]", "Transform: {Name: [x]}",
                           "A: [{B: {Fn::Transform: M}}]", "Fn::Transform: M", "Transform: AWS::Include"}) {
    EXPECT_TRUE(uses_macros(document(yaml))) << yaml;
  }
  for (const char* yaml : {"A: 1", "Transform: AWS::LanguageExtensions", "Transform: [{Name: AWS::LanguageExtensions}]",
                           "A: {Transform: M}"}) {
    EXPECT_FALSE(uses_macros(document(yaml))) << yaml;
  }
}

TEST(Macros, AreToldByName) {
  const auto found =
      find_transforms(document("A: [{Fn::Transform: {Name: B}}]\nTransform: [C, {Name: A, Parameters: {x: 1}}]\n"
                               "D: {Fn::Transform: [B, C]}\n"));
  ASSERT_TRUE(found);
  EXPECT_EQ(transform_names(*found), (std::vector<std::string>{"C", "A", "B"}));
  EXPECT_EQ(json::serialize((*found)[1].parameters), R"({"x":1})");
}

TEST(Macros, ThatCannotBeAreRefused) {
  const std::pair<const char*, const char*> wrong[] = {
      {"Transform: 7", "Key Name of transform definition must be a string."},
      {"Transform: {Parameters: {}}", "Key Name of transform definition must be a string."},
      {"A: {Fn::Transform: {Name: !Ref P}}", "Key Name of transform definition must be a string."},
      {"A: {Fn::Transform: [[M]]}", "Key Name of transform definition must be a string."},
      {"Transform: {Name: M, Parameters: [x]}", "Key Parameters of transform definition must be a map."},
      {"Transform: AWS::Serverless-2016-10-31",
       "The embedded AWS does not implement the transform AWS::Serverless-2016-10-31. AWS does."},
  };
  for (const auto& [yaml, message] : wrong) {
    const auto found = find_transforms(document(yaml));
    ASSERT_FALSE(found) << yaml;
    EXPECT_EQ(found.error().message, message);
  }
}

/// The parameters of the one transform of `yaml`, as its macro gets them.
std::string resolved(std::string_view yaml) {
  const json::object whole = document(
      "Parameters: {P: {Type: String}, L: {Type: CommaDelimitedList}}\n"
      "Mappings: {M: {k: {v: mapped}}, N: {k: {v: {Fn::Transform: T}}}}\n"
      "Resources: {R: {Type: AWS::S3::Bucket}}\n" +
      std::string(yaml));
  const auto declarations = read_declarations(whole);
  const auto transforms = find_transforms(whole);
  EXPECT_TRUE(declarations && transforms);
  const StackFacts facts{"123456789012", "us-east-1", "id", "stack", {}};
  const auto made = resolve_transform(transforms->front(), *declarations, {{"P", "p"}, {"L", "a, b"}}, facts);
  return made ? json::serialize(*made) : made.error().message;
}

TEST(Macros, GetTheirParametersResolved) {
  EXPECT_EQ(
      resolved(
          "Transform: {Name: T, Parameters: {A: !Ref P, B: !Ref L, C: !Sub '${AWS::Region}-${P}', D: 7, E: true}}"),
      R"({"A":"p","B":["a","b"],"C":"us-east-1-p","D":7,"E":true})");
  EXPECT_EQ(
      resolved("Transform: {Name: T, Parameters: {A: !FindInMap [M, k, v], B: !Join ['', [x, !Select [1, !Ref L]]]}}"),
      R"({"A":"mapped","B":"xb"})");
  for (const char* value :
       {"!Ref R", "!GetAtt R.Arn", "!ImportValue x", "{a: b}", "[[x]]", "!If [C, 1, 2]", "{Fn::GetAtt: 5}",
        "{Fn::Transform: T}", "!FindInMap [N, k, v]", "!Ref 'AWS::NoValue'", "{Fn::Sub: 3}", "null"}) {
    EXPECT_EQ(resolved("Transform: {Name: T, Parameters: {A: " + std::string(value) + "}}"),
              "The value of parameter A under transform T must resolve to a string, number, boolean or a list of any "
              "of these.")
        << value;
  }
}

TEST(Include, KnowsItsAddresses) {
  EXPECT_EQ(parse_location("s3://b/k/l.yaml"), (std::pair<std::string, std::string>("b", "k/l.yaml")));
  for (const char* wrong : {"", "s3://", "s3://b", "s3://b/", "s3:///k", "S3://b/k", "https://s3.amazonaws.com/b/k"}) {
    EXPECT_EQ(parse_location(wrong).first, "") << wrong;
  }
}

TEST(Include, PutsASnippetsMembersBehindThoseThatAreThere) {
  const auto joined =
      insert_snippet(document("A: 1\nB: {x: 1, y: {z: 1}}\n"), document("C: 3\nA: 2\nB: {y: {w: 2}, x: 5}\n"));
  EXPECT_EQ(json::serialize(*joined), R"({"A":2,"B":{"x":5,"y":{"z":1,"w":2}},"C":3})");
  EXPECT_EQ(json::serialize(*insert_snippet(json::object(), json::array{1})), "[1]");
  EXPECT_EQ(insert_snippet(document("A: 1"), json::array{1}).error().message,
            "Transform AWS::Include failed with: The specified S3 object's content should be valid Yaml/JSON");
}

TEST(Include, ReadsSnippetsWithoutShortTags) {
  EXPECT_EQ(json::serialize(*parse_snippet_text("A: {Ref: B}\nC: [1]\n")), R"({"A":{"Ref":"B"},"C":[1]})");
  EXPECT_EQ(json::serialize(*parse_snippet_text("- 1\n- x\n")), R"([1,"x"])");
  for (const char* wrong : {"A: !Ref B", "!Sub x", "", "text", "A: }", "A: &x 1\nB: *x\n", R"({"A": )"}) {
    EXPECT_FALSE(parse_snippet_text(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace sortie::emulator::cloudformation
