#include "emulator/iam/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "base/ascii.h"
#include "wire/arn.h"
#include "wire/json.h"

namespace sortie::emulator::iam {

namespace {

namespace json = boost::json;

constexpr std::size_t k_max_depth = 16;
constexpr std::string_view k_current_version = "2012-10-17";
constexpr std::string_view k_old_version = "2008-10-17";

/// Thrown inside this file alone and caught in `parse_policy`: a document is refused from deep inside its tree.
struct Malformed {
  std::string message;
};

[[noreturn]] void refuse(std::string message) {
  throw Malformed{std::move(message)};
}

class Reader {
 public:
  explicit Reader(PolicyKind kind) : kind_(kind) {}

  Policy read(std::string_view document) {
    if (document.size() > k_max_policy_bytes) syntax();
    for (char c : document) {
      if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') syntax();
    }
    const auto parsed = wire::parse_json(document, k_max_depth, k_max_policy_bytes);
    if (!parsed || !parsed->is_object()) {
      refuse(kind_ == PolicyKind::identity ? "Syntax errors in policy." : "This policy contains invalid Json");
    }
    const json::object& root = parsed->get_object();
    check_fields(root, {"Version", "Id", "Statement"});
    read_version(root);
    if (const json::value* id = root.if_contains("Id")) policy_.id = text(*id);
    const json::value* statements = root.if_contains("Statement");
    if (statements == nullptr) missing("Statement");
    if (statements->is_object()) {
      read_statement(statements->get_object());
    } else if (statements->is_array() && !statements->get_array().empty()) {
      for (const json::value& statement : statements->get_array()) {
        if (!statement.is_object()) syntax();
        read_statement(statement.get_object());
      }
    } else {
      syntax();
    }
    return std::move(policy_);
  }

 private:
  [[noreturn]] static void syntax() { refuse("Syntax errors in policy."); }

  [[noreturn]] void missing(std::string_view field) const {
    if (kind_ == PolicyKind::identity) syntax();
    refuse(fmt::format("Missing required field {}", field));
  }

  static std::string text(const json::value& value) {
    if (!value.is_string()) syntax();
    return std::string(value.get_string());
  }

  /// A string or an array of strings. Conditions may also hold booleans and numbers.
  static std::vector<std::string> texts(const json::value& value, bool scalars = false) {
    std::vector<std::string> result;
    const auto add = [&](const json::value& item) {
      if (scalars && (item.is_bool() || item.is_number())) {
        result.push_back(json::serialize(item));
      } else {
        result.push_back(text(item));
      }
    };
    if (value.is_array()) {
      for (const json::value& item : value.get_array()) add(item);
    } else {
      add(value);
    }
    return result;
  }

  void check_fields(const json::object& object, std::initializer_list<std::string_view> known) const {
    for (const auto& [name, value] : object) {
      if (std::ranges::find(known, std::string_view(name)) != known.end()) continue;
      if (kind_ == PolicyKind::identity) syntax();
      refuse(fmt::format("Unknown field {}", std::string_view(name)));
    }
  }

  void read_version(const json::object& root) {
    const json::value* version = root.if_contains("Version");
    policy_.version = version == nullptr ? std::string(k_old_version) : text(*version);
    if (policy_.version != k_current_version && policy_.version != k_old_version) syntax();
    if (kind_ == PolicyKind::identity && policy_.version != k_current_version) {
      refuse("Policy document must be version 2012-10-17 or greater.");
    }
    variables_ = policy_.version == k_current_version;
  }

  void read_statement(const json::object& object) {
    if (kind_ == PolicyKind::trust && (object.contains("Resource") || object.contains("NotResource"))) {
      refuse("Has prohibited field Resource");
    }
    check_fields(object, {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
                          "NotResource", "Condition"});
    Statement statement;
    read_sid(object, statement);
    const json::value* effect = object.if_contains("Effect");
    if (effect == nullptr) missing("Effect");
    const std::string effect_name = text(*effect);
    if (effect_name != "Allow" && effect_name != "Deny") {
      if (kind_ == PolicyKind::identity) syntax();
      refuse("Invalid effect: " + effect_name);
    }
    statement.effect = effect_name == "Allow" ? Effect::allow : Effect::deny;
    read_principal(object, statement);
    read_actions(object, statement);
    if (kind_ != PolicyKind::trust) read_resources(object, statement);
    if (const json::value* condition = object.if_contains("Condition")) read_conditions(*condition, statement);
    policy_.statements.push_back(std::move(statement));
  }

  void read_sid(const json::object& object, Statement& statement) {
    const json::value* sid = object.if_contains("Sid");
    if (sid == nullptr) return;
    statement.sid = text(*sid);
    const auto alphanumeric = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    if (kind_ != PolicyKind::resource && !std::ranges::all_of(statement.sid, alphanumeric)) {
      refuse(
          "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
          "[0-9A-Za-z]*");
    }
    if (!statement.sid.empty() && !sids_.insert(statement.sid).second) {
      refuse("Statement IDs (SID) in a single policy must be unique.");
    }
  }

  /// The element that is there of `name` and `Not`+`name`; both is an error, none is nullptr.
  const json::value* either(const json::object& object, std::string_view name, bool& negated) const {
    const json::value* plain = object.if_contains(name);
    const json::value* inverse = object.if_contains("Not" + std::string(name));
    if (plain != nullptr && inverse != nullptr) syntax();
    negated = inverse != nullptr;
    return plain != nullptr ? plain : inverse;
  }

  void read_principal(const json::object& object, Statement& statement) {
    const json::value* value = either(object, "Principal", statement.not_principal);
    if (kind_ == PolicyKind::identity) {
      if (value != nullptr) refuse("Policy document should not specify a principal.");
      return;
    }
    if (value == nullptr) missing("Principal");
    PrincipalSet set;
    if (value->is_string()) {
      if (value->get_string() != "*") refuse(fmt::format("Invalid principal in policy: \"{}\"", text(*value)));
      set.everyone = true;
    } else if (value->is_object() && !value->get_object().empty()) {
      for (const auto& [type, names] : value->get_object()) add_principals(type, texts(names), set);
    } else {
      refuse("Invalid principal in policy");
    }
    statement.principal = std::move(set);
  }

  static void add_principals(std::string_view type, std::vector<std::string> names, PrincipalSet& set) {
    if (type == "AWS") {
      for (std::string& name : names) {
        if (name == "*") {
          set.everyone = true;
        } else {
          set.aws.push_back(normal_aws_principal(std::move(name)));
        }
      }
      return;
    }
    std::vector<std::string>* list = type == "Service"         ? &set.service
                                     : type == "Federated"     ? &set.federated
                                     : type == "CanonicalUser" ? &set.canonical_user
                                                               : nullptr;
    if (list == nullptr) refuse(fmt::format("Invalid principal in policy: \"{}\"", type));
    for (std::string& name : names) {
      if (type == "Service" && (name.find('.') == std::string::npos || name.find('*') != std::string::npos)) {
        refuse(fmt::format("Invalid principal in policy: \"SERVICE\":\"{}\"", name));
      }
      list->push_back(std::move(name));
    }
  }

  static std::string normal_aws_principal(std::string name) {
    const bool digits = name.size() == 12 && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
    if (digits) return "arn:aws:iam::" + name + ":root";
    const bool unique_id = name.starts_with("AIDA") || name.starts_with("AROA");
    const auto arn = wire::parse_arn(name);
    const bool known = arn && (arn->service == "iam" || arn->service == "sts") && arn->region.empty() &&
                       arn->account.size() == 12 && name.find('*') == std::string::npos;
    if (!unique_id && !known) refuse(fmt::format("Invalid principal in policy: \"AWS\":\"{}\"", name));
    return name;
  }

  void read_actions(const json::object& object, Statement& statement) {
    const json::value* value = either(object, "Action", statement.not_action);
    if (value == nullptr) {
      if (kind_ == PolicyKind::identity) refuse("Policy statement must contain actions.");
      missing("Action");
    }
    const auto actions = texts(*value);
    if (actions.empty()) refuse("Policy statement must contain actions.");
    for (const std::string& action : actions) {
      check_action(action);
      statement.actions.push_back(Pattern::compile(action, {true, false, true}));
    }
  }

  void check_action(const std::string& action) const {
    if (action == "*") {
      if (kind_ == PolicyKind::trust) refuse("AssumeRole policy may only specify STS AssumeRole actions.");
      return;
    }
    const auto colon = action.find(':');
    if (colon == std::string::npos) {
      refuse("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    }
    if (action.find(':', colon + 1) != std::string::npos) refuse("Actions/Condition can contain only one colon.");
    const std::string vendor = action.substr(0, colon);
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '*' ||
             c == '?';
    };
    if (vendor.empty() || !std::ranges::all_of(vendor, fits)) refuse(fmt::format("Vendor {} is not valid", vendor));
    if (kind_ == PolicyKind::trust && ascii_lower(vendor) != "sts") {
      refuse("AssumeRole policy may only specify STS AssumeRole actions.");
    }
  }

  void read_resources(const json::object& object, Statement& statement) {
    const json::value* value = either(object, "Resource", statement.not_resource);
    if (value == nullptr) {
      if (kind_ == PolicyKind::identity) refuse("Policy statement must contain resources.");
      missing("Resource");
    }
    const auto resources = texts(*value);
    if (resources.empty()) refuse("Policy statement must contain resources.");
    for (const std::string& resource : resources) {
      check_resource(resource);
      statement.resources.push_back(Pattern::compile(resource, {true, variables_, false}));
    }
  }

  static void check_resource(const std::string& resource) {
    if (resource == "*" || resource.starts_with("${")) return;
    if (!resource.starts_with("arn:")) {
      if (resource.find_first_not_of("*?") == std::string::npos) return;
      refuse(fmt::format("Resource {} must be in ARN format or \"*\".", resource));
    }
    const auto partition_end = resource.find(':', 4);
    const std::string partition =
        resource.substr(4, partition_end == std::string::npos ? partition_end : partition_end - 4);
    static constexpr std::string_view k_partitions[] = {"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b"};
    const bool wild = partition.find_first_of("*?$") != std::string::npos;
    if (!wild && std::ranges::find(k_partitions, partition) == std::end(k_partitions)) {
      refuse(fmt::format("Partition \"{}\" is not valid for resource \"{}\".", partition, resource));
    }
    if (!wild && std::ranges::count(resource, ':') < 5 && resource.find('*') == std::string::npos) {
      refuse("The policy failed legacy parsing");
    }
    if (resource.starts_with("arn:aws:s3:") && resource.size() > 11 && resource[11] != ':' && resource[11] != '*') {
      const std::string region = resource.substr(11, resource.find(':', 11) - 11);
      const bool access_point = resource.find(":accesspoint/") != std::string::npos;
      if (!access_point && region.find_first_of("*?$") == std::string::npos) {
        refuse(fmt::format("Resource {} can not contain region information.", resource));
      }
    }
  }

  void read_conditions(const json::value& value, Statement& statement) {
    if (!value.is_object()) syntax();
    for (const auto& [name, block] : value.get_object()) {
      if (!block.is_object()) syntax();
      for (const auto& [key, expected] : block.get_object()) {
        if (key.find(':') == json::string_view::npos) {
          refuse("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
        }
        auto condition = Condition::compile(name, key, texts(expected, true), variables_);
        if (!condition) {
          if (kind_ == PolicyKind::identity) syntax();
          refuse(fmt::format("Invalid Condition type : {}", std::string_view(name)));
        }
        statement.conditions.push_back(*std::move(condition));
      }
    }
  }

  PolicyKind kind_;
  bool variables_ = true;
  Policy policy_;
  std::set<std::string> sids_;
};

}  // namespace

AwsResult<PolicyPtr> parse_policy(std::string_view document, PolicyKind kind) {
  try {
    return std::make_shared<const Policy>(Reader(kind).read(document));
  } catch (const Malformed& malformed) {
    return aws_fail(400, "MalformedPolicyDocument", malformed.message);
  }
}

std::size_t policy_size(std::string_view document) {
  return static_cast<std::size_t>(
      std::ranges::count_if(document, [](char c) { return c != ' ' && c != '\t' && c != '\n' && c != '\r'; }));
}

}  // namespace sortie::emulator::iam
