#include "emulator/lambda/catalogue/configuration.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "emulator/core/protocol.h"
#include "emulator/lambda/catalogue/errors.h"
#include "emulator/lambda/catalogue/reserved_variables.h"
#include "emulator/lambda/runtimes/interpreters.h"
#include "wire/json.h"

namespace sortie::emulator::lambda {
namespace {

namespace json = boost::json;

constexpr std::size_t k_environment_limit = 4096;
constexpr std::size_t k_tag_limit = 50;

/// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
constexpr std::array k_runtimes{"nodejs20.x", "python3.14", "provided.al2023", "python3.12",   "python3.13",
                                "nodejs24.x", "nodejs22.x", "java25",          "python3.10",   "python3.11",
                                "java21",     "ruby3.3",    "ruby3.4",         "ruby3.2",      "python3.8",
                                "python3.9",  "java17",     "nodejs16.x",      "dotnet10",     "dotnet8",
                                "java11",     "dotnet6",    "nodejs18.x",      "provided.al2", "java8.al2"};
constexpr std::array k_retired_runtimes{
    "nodejs",        "nodejs4.3",      "nodejs6.10", "nodejs8.10", "nodejs10.x",    "nodejs12.x",    "nodejs14.x",
    "java8",         "python2.7",      "python3.6",  "python3.7",  "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1",
    "dotnetcore3.1", "nodejs4.3-edge", "go1.x",      "ruby2.5",    "ruby2.7",       "provided"};

template <std::size_t N>
bool contains(const std::array<const char*, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

AwsResult<void> check_runtime(const std::string& runtime) {
  if (is_native_runtime(runtime) || (contains(k_runtimes, runtime) && parse_managed_runtime(runtime))) return {};
  if (contains(k_retired_runtimes, runtime)) {
    return std::unexpected(
        invalid_parameter(fmt::format("The runtime parameter of {} is no longer supported for creating or updating AWS "
                                      "Lambda functions. We recommend "
                                      "you use a supported runtime while creating or updating functions.",
                                      runtime)));
  }
  if (contains(k_runtimes, runtime)) {
    return std::unexpected(runtime_not_served(runtime));
  }
  return std::unexpected(invalid_parameter(fmt::format(
      "Value {} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{}] or be a "
      "valid ARN",
      runtime, fmt::join(k_runtimes, ", "))));
}

/// `arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`
bool is_role_arn(std::string_view text) {
  if (!text.starts_with("arn:aws")) return false;
  auto iam = text.find(":iam::");
  if (iam == std::string_view::npos) return false;
  auto rest = text.substr(iam + 6);
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (rest.size() < 18 || !std::all_of(rest.begin(), rest.begin() + 12, digit)) return false;
  rest.remove_prefix(12);
  return rest.starts_with(":role/") && rest.size() > 6 &&
         rest.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-/", 6) ==
             std::string_view::npos;
}

/// Collects what breaks the request's shape; AWS reports it all at once.
class Shape {
 public:
  explicit Shape(const json::object& request) : request_(request) {}

  std::optional<std::string> text(std::string_view member, std::string_view name, std::size_t limit) {
    const auto* value = wire::find(request_, member);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) {
      broken_.push_back(constraint(json::serialize(*value), name, "Member must be a string"));
      return std::nullopt;
    }
    std::string text(value->get_string());
    if (text.size() > limit) {
      broken_.push_back(constraint(text, name, fmt::format("Member must have length less than or equal to {}", limit)));
    }
    return text;
  }

  static std::optional<std::int64_t> whole(const json::value& value) {
    if (value.is_int64()) return value.get_int64();
    if (value.is_uint64()) return static_cast<std::int64_t>(value.get_uint64() & 0x7fffffffffffffff);
    return std::nullopt;
  }

  std::optional<int> number(const json::value* value, std::string_view name, int least, int most) {
    if (value == nullptr) return std::nullopt;
    auto number = whole(*value);
    if (!number) {
      broken_.push_back(constraint(json::serialize(*value), name, "Member must be a number"));
      return std::nullopt;
    }
    if (*number < least) {
      add(*number, name, fmt::format("Member must have value greater than or equal to {}", least));
    } else if (*number > most) {
      add(*number, name, fmt::format("Member must have value less than or equal to {}", most));
    }
    return static_cast<int>(std::clamp<std::int64_t>(*number, least, most));
  }

  void add(std::string detail) { broken_.push_back(std::move(detail)); }

  [[nodiscard]] AwsResult<void> check() const {
    if (broken_.empty()) return {};
    return std::unexpected(validation_error(broken_));
  }

 private:
  void add(std::int64_t value, std::string_view name, std::string_view broken) {
    broken_.push_back(constraint(std::to_string(value), name, broken));
  }

  const json::object& request_;
  std::vector<std::string> broken_;
};

/// AWS has SnapStart for Python from 3.12 on, Java and .NET; for no other of the runtimes that run here.
bool has_snap_start(const std::string& runtime) {
  auto managed = parse_managed_runtime(runtime);
  constexpr int k_first_python = 12;
  return managed && managed->language == Language::python && managed->version >= k_first_python;
}

void apply_snap_start(const json::object& request, Shape& shape, Version& version) {
  if (wire::find(request, "SnapStart") == nullptr) return;
  auto apply_on = wire::string_or(wire::object_or_empty(request, "SnapStart"), "ApplyOn", "None");
  if (apply_on != "None" && apply_on != "PublishedVersions") {
    shape.add(not_in_set(apply_on, "snapStart.applyOn", "PublishedVersions, None"));
  }
  version.snap_start = apply_on == "None" ? std::string() : apply_on;
}

/// True for `{}`, `[]`, "", and objects that hold nothing but such.
bool is_empty(const json::value& value) {
  if (value.is_null()) return true;
  if (value.is_string()) return value.get_string().empty();
  if (value.is_array()) return value.get_array().empty();
  if (!value.is_object()) return false;
  const auto& members = value.get_object();
  return std::all_of(members.begin(), members.end(), [](const auto& member) { return is_empty(member.value()); });
}

AwsResult<void> refuse_unsupported(const json::object& request) {
  for (std::string_view member : {"VpcConfig", "FileSystemConfigs", "ImageConfig", "DeadLetterConfig",
                                  "CapacityProviderConfig", "DurableConfig", "TenancyConfig"}) {
    const auto* value = wire::find(request, member);
    if (value != nullptr && !is_empty(*value)) {
      return std::unexpected(not_implemented("lambda", std::string("functions with ").append(member)));
    }
  }
  if (wire::string_or(request, "PackageType", "Zip") != "Zip") {
    return std::unexpected(not_implemented("lambda", "functions of container images (PackageType Image)"));
  }
  return {};
}

AwsResult<void> apply_environment(const json::object& request, Version& version) {
  const auto* environment = wire::find(request, "Environment");
  if (environment == nullptr || !environment->is_object()) return {};
  const auto& variables = wire::object_or_empty(environment->get_object(), "Variables");
  std::vector<std::string> reserved;
  for (const auto& [name, value] : variables) {
    bool head = !name.empty() && std::isalpha(static_cast<unsigned char>(name[0])) != 0;
    bool tail = std::all_of(name.begin(), name.end(),
                            [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; });
    if (is_reserved_variable(name)) {
      reserved.emplace_back(name);
    } else if (!head || !tail || name.size() < 2 || !value.is_string()) {
      return std::unexpected(validation_error({constraint(json::serialize(variables), "environment.variables",
                                                          "Map keys must satisfy constraint: [Member must satisfy "
                                                          "regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]")}));
    }
  }
  if (!reserved.empty()) {
    return std::unexpected(invalid_parameter(fmt::format(
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        "contains reserved keys that are currently not supported for modification. Reserved keys used in this request: "
        "{}",
        fmt::join(reserved, ", "))));
  }
  auto measured = json::serialize(variables);
  if (measured.size() > k_environment_limit) {
    return std::unexpected(invalid_parameter(
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        "exceeded the 4KB limit. String measured: " +
        measured));
  }
  version.environment = wire::string_map(variables);
  return {};
}

AwsResult<void> apply_architecture(const json::object& request, Shape& shape, Version& version) {
#if defined(__aarch64__)
  constexpr std::string_view k_own = "arm64";
#else
  constexpr std::string_view k_own = "x86_64";
#endif
  const auto& list = wire::array_or_empty(request, "Architectures");
  std::vector<std::string> names;
  for (const auto& item : list) names.emplace_back(item.is_string() ? std::string(item.get_string()) : "null");
  auto shown = fmt::format("[{}]", fmt::join(names, ", "));
  if (names.size() > 1)
    shape.add(constraint(shown, "architectures", "Member must have length less than or equal to 1"));
  if (std::any_of(names.begin(), names.end(), [](const auto& name) { return name != "x86_64" && name != "arm64"; })) {
    shape.add(constraint(shown, "architectures",
                         "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member "
                         "must not be null]"));
  }
  if (auto checked = shape.check(); !checked) return checked;
  // AWS's default is x86_64. On another machine that would be a function that cannot run.
  auto wanted = names.empty() ? (version.architecture.empty() ? std::string(k_own) : version.architecture) : names[0];
  if (wanted != k_own) {
    return std::unexpected(invalid_parameter(
        fmt::format("This machine runs {} functions only, not {}. AWS has both: run against an account with --on aws.",
                    k_own, wanted)));
  }
  version.architecture = wanted;
  return {};
}

void apply_logging(const json::object& request, Shape& shape, const std::string& function_name, Version& version) {
  if (version.log_group.empty()) version.log_group = "/aws/lambda/" + function_name;
  const auto& logging = wire::object_or_empty(request, "LoggingConfig");
  auto format = wire::string_or(logging, "LogFormat");
  if (!format.empty() && format != "Text" && format != "JSON") {
    shape.add(constraint(format, "loggingConfig.logFormat", "Member must satisfy enum value set: [Text, JSON]"));
  }
  if (format == "JSON") version.log_format = LogFormat::json;
  if (format == "Text") version.log_format = LogFormat::text;
  if (version.log_format == LogFormat::json) {
    auto level = [&logging](std::string_view name, const std::string& before) {
      return wire::string_or(logging, name, before.empty() ? "INFO" : before);
    };
    version.application_log_level = level("ApplicationLogLevel", version.application_log_level);
    version.system_log_level = level("SystemLogLevel", version.system_log_level);
  }
  auto group = wire::string_or(logging, "LogGroup");
  auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view(".-_/#").find(c) != std::string::npos;
  };
  if (group.size() > 512 || !std::all_of(group.begin(), group.end(), allowed)) {
    shape.add(constraint(group, "loggingConfig.logGroup",
                         R"(Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+)"));
  } else if (!group.empty()) {
    version.log_group = group;
  }
}

}  // namespace

AwsError runtime_not_served(const std::string& runtime) {
  return invalid_parameter(fmt::format(
      "The runtime parameter of {} is not supported for creating or updating AWS Lambda functions on this machine. The "
      "embedded AWS runs python3.* and nodejs*.x with the interpreters that are installed, and provided.*. AWS has all "
      "runtimes: run against an account with --on aws.",
      runtime));
}

AwsResult<void> apply_configuration(const json::object& request, Change change, const std::string& function_name,
                                    Version& version) {
  Shape shape(request);
  if (auto role = shape.text("Role", "role", 2048)) {
    if (!is_role_arn(*role)) {
      shape.add(constraint(*role, "role",
                           R"(Member must satisfy regular expression pattern: )"
                           R"(arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+)"));
    }
    version.role = *role;
  } else if (change == Change::create) {
    shape.add("Value null at 'role' failed to satisfy constraint: Member must not be null");
  }
  if (auto handler = shape.text("Handler", "handler", 128)) {
    if (handler->find_first_of(" \t\r\n") != std::string::npos) {
      shape.add(constraint(*handler, "handler", R"(Member must satisfy regular expression pattern: [^\s]+)"));
    }
    version.handler = *handler;
  }
  if (auto description = shape.text("Description", "description", 256)) version.description = *description;
  if (auto key = shape.text("KMSKeyArn", "kMSKeyArn", 2048)) version.kms_key_arn = *key;
  auto runtime = shape.text("Runtime", "runtime", 64);
  if (auto timeout = shape.number(wire::find(request, "Timeout"), "timeout", 1, 900)) {
    version.timeout = std::chrono::seconds(*timeout);
  }
  if (auto memory = shape.number(wire::find(request, "MemorySize"), "memorySize", 128, 10'240)) {
    version.memory_mb = *memory;
  }
  const auto* storage = wire::find(wire::object_or_empty(request, "EphemeralStorage"), "Size");
  if (auto size = shape.number(storage, "ephemeralStorage.size", 512, 10'240)) version.ephemeral_mb = *size;
  auto tracing = wire::string_or(wire::object_or_empty(request, "TracingConfig"), "Mode");
  if (tracing == "Active" || tracing == "PassThrough") {
    version.tracing_mode = tracing;
  } else if (!tracing.empty()) {
    shape.add(constraint(tracing, "tracingConfig.mode", "Member must satisfy enum value set: [Active, PassThrough]"));
  }
  apply_logging(request, shape, function_name, version);
  apply_snap_start(request, shape, version);
  if (auto architecture = apply_architecture(request, shape, version); !architecture) return architecture;
  if (auto supported = refuse_unsupported(request); !supported) return supported;
  if (runtime) {
    if (auto known = check_runtime(*runtime); !known) return known;
    version.runtime = *runtime;
  }
  if (version.runtime.empty() || (change == Change::create && wire::find(request, "Handler") == nullptr)) {
    return std::unexpected(invalid_parameter(
        "Runtime and Handler are mandatory parameters for functions created with deployment packages."));
  }
  if (!version.snap_start.empty() && !has_snap_start(version.runtime)) {
    return std::unexpected(
        invalid_parameter(fmt::format("{} is not supported for SnapStart enabled functions.", version.runtime)));
  }
  return apply_environment(request, version);
}

AwsResult<void> check_tags(const std::map<std::string, std::string>& tags) {
  if (tags.size() > k_tag_limit)
    return std::unexpected(invalid_parameter("Number of tags exceeds resource tag limit."));
  for (const auto& [key, value] : tags) {
    if (key.empty() || key.size() > 128 || value.size() > 256 || key.starts_with("aws:")) {
      return std::unexpected(invalid_parameter("The tag " + key + " is not valid."));
    }
  }
  return {};
}

}  // namespace sortie::emulator::lambda
