// Passwords of users for single services ("service-specific credentials").

#include <fmt/format.h>

#include <algorithm>

#include "emulator/iam/operation.h"
#include "wire/date.h"

namespace sortie::emulator::iam {

namespace {

constexpr std::size_t k_max_user_name = 64;
constexpr std::size_t k_max_per_service = 2;
constexpr std::string_view k_services[] = {"cassandra.amazonaws.com", "codecommit.amazonaws.com"};

AwsResult<const User*> allowed_user(const Operation& operation, std::string_view action, const std::string& name) {
  const User* user = operation.directory.find_user(name);
  RETURN_IF_ERROR(operation.allow(action, user != nullptr ? user->arn : operation.arn("user", "/", name)));
  return need_user(operation, name);
}

/// The user named, or the one who asks.
std::string user_of(const Operation& operation, Arguments& arguments) {
  if (!operation.input.contains("UserName")) return operation.call.principal.name;
  return arguments.name("UserName", k_max_user_name);
}

std::vector<ServiceCredential>::iterator find(User& user, const std::string& id) {
  return std::ranges::find(user.service_credentials, id, &ServiceCredential::id);
}

AwsError no_such_credential(const std::string& id) {
  return {404, "NoSuchEntity", fmt::format("No such credential {} exists", id), {}};
}

void write(wire::XmlWriter& xml, const User& user, const ServiceCredential& one, bool with_password) {
  xml.element("CreateDate", wire::format_iso8601(one.created)).element("ServiceName", one.service);
  xml.element("ServiceUserName", one.user_name).element("ServiceSpecificCredentialId", one.id);
  xml.element("UserName", user.name).element("Status", one.active ? "Active" : "Inactive");
  if (with_password) xml.element("ServicePassword", one.password);
}

std::string written(const User& user, const ServiceCredential& one) {
  wire::XmlWriter xml(false);
  xml.open("ServiceSpecificCredential");
  write(xml, user, one, true);
  xml.close();
  return xml.finish();
}

/// The second one of a user is told apart by a number.
std::string name_for(const User& user, std::string_view account) {
  const std::size_t number = user.service_credentials.size();
  return number == 0 ? fmt::format("{}-at-{}", user.name, account)
                     : fmt::format("{}+{}-at-{}", user.name, number, account);
}

AwsResult<std::string> create(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = arguments.name("UserName", k_max_user_name);
  const std::string service = arguments.name("ServiceName", 128);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const User* user, allowed_user(operation, "CreateServiceSpecificCredential", name));
  if (std::ranges::find(k_services, service) == std::end(k_services)) {
    return aws_fail(404, "NoSuchEntity",
                    fmt::format("No such service {} is supported for Service Specific Credentials", service));
  }
  const auto of_service = std::ranges::count(user->service_credentials, service, &ServiceCredential::service);
  if (of_service >= static_cast<std::ptrdiff_t>(k_max_per_service)) {
    return std::unexpected(limit_exceeded(
        fmt::format("Cannot exceed quota for ServiceSpecificCredentialsPerUser: {}", k_max_per_service)));
  }
  User changed = *user;
  const ServiceCredential made{Directory::make_id("ACCA"), service, name_for(*user, operation.directory.account()),
                               Directory::make_secret(),   true,    operation.clock.now()};
  changed.service_credentials.push_back(made);
  std::string answer = written(changed, made);
  operation.directory.put(std::move(changed));
  return answer;
}

AwsResult<std::string> list(Operation& operation) {
  Arguments arguments(operation.input);
  const std::string name = user_of(operation, arguments);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const User* user, allowed_user(operation, "ListServiceSpecificCredentials", name));
  const auto service = operation.input.get("ServiceName");
  wire::XmlWriter xml(false);
  xml.open("ServiceSpecificCredentials");
  for (const ServiceCredential& one : user->service_credentials) {
    if (service && *service != one.service) continue;
    xml.open("member");
    write(xml, *user, one, false);
    xml.close();
  }
  xml.close();
  return xml.finish();
}

/// The user whose credential `ServiceSpecificCredentialId` names, as a copy that can be changed.
AwsResult<User> changed_user(Operation& operation, Arguments& arguments, std::string_view action, std::string& id) {
  const std::string name = user_of(operation, arguments);
  id = arguments.word("ServiceSpecificCredentialId", 20, 128);
  RETURN_IF_ERROR(arguments.check());
  ASSIGN_OR_RETURN(const User* user, allowed_user(operation, action, name));
  User changed = *user;
  if (find(changed, id) == changed.service_credentials.end()) return std::unexpected(no_such_credential(id));
  return changed;
}

AwsResult<std::string> update(Operation& operation) {
  Arguments arguments(operation.input);
  std::string id;
  const std::string status = arguments.choice("Status", {"Active", "Inactive"});
  ASSIGN_OR_RETURN(User user, changed_user(operation, arguments, "UpdateServiceSpecificCredential", id));
  find(user, id)->active = status == "Active";
  operation.directory.put(std::move(user));
  return std::string();
}

AwsResult<std::string> reset(Operation& operation) {
  Arguments arguments(operation.input);
  std::string id;
  ASSIGN_OR_RETURN(User user, changed_user(operation, arguments, "ResetServiceSpecificCredential", id));
  find(user, id)->password = Directory::make_secret();
  std::string answer = written(user, *find(user, id));
  operation.directory.put(std::move(user));
  return answer;
}

AwsResult<std::string> remove(Operation& operation) {
  Arguments arguments(operation.input);
  std::string id;
  ASSIGN_OR_RETURN(User user, changed_user(operation, arguments, "DeleteServiceSpecificCredential", id));
  user.service_credentials.erase(find(user, id));
  operation.directory.put(std::move(user));
  return std::string();
}

constexpr Row k_operations[] = {
    {"CreateServiceSpecificCredential", create}, {"ListServiceSpecificCredentials", list},
    {"UpdateServiceSpecificCredential", update}, {"ResetServiceSpecificCredential", reset},
    {"DeleteServiceSpecificCredential", remove},
};

}  // namespace

std::span<const Row> service_credential_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::iam
