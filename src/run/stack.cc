#include "run/stack.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <random>
#include <set>
#include <utility>

#include "base/deadline.h"

namespace sortie::run {
namespace {

constexpr std::size_t k_template_limit = 51'200;  // of TemplateBody
constexpr std::string_view k_exists = "AlreadyExistsException";
constexpr std::chrono::milliseconds k_first_poll{5};
constexpr std::chrono::milliseconds k_longest_poll{2000};

/// Readable and short: physical names of the stack's resources begin with it, and suites append to those (a bucket's
/// name has 63 characters).
constexpr std::size_t k_label_limit = 12;
constexpr std::size_t k_suffix_length = 6;
constexpr int k_name_attempts = 5;

std::string random_suffix() {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device random;
  std::uniform_int_distribution<std::size_t> any(0, letters.size() - 1);
  std::string suffix;
  while (suffix.size() < k_suffix_length) suffix += letters[any(random)];
  return suffix;
}

/// As CloudFormation allows names: letters, digits and hyphens. The same template has the same name where it is kept.
std::string stack_name(const StackSpec& spec) {
  if (!spec.name.empty()) return spec.name;
  std::string name = "sortie-";
  for (const char c : spec.label.substr(0, k_label_limit)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain || name.back() != '-') name += plain ? c : '-';
  }
  if (name.back() != '-') name += '-';
  return name + (spec.keep ? spec.digest.substr(0, k_suffix_length) : random_suffix());
}

/// `AWS::IAM::ManagedPolicy` is `managed policy`.
std::string kind_of(std::string_view type) {
  type.remove_prefix(type.rfind(':') + 1);
  std::string kind;
  for (const char c : type) {
    const bool upper = std::isupper(static_cast<unsigned char>(c)) != 0;
    if (upper && !kind.empty()) kind += ' ';
    kind += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return kind;
}

bool is_role_arn(std::string_view text) {
  return text.starts_with("arn:") && text.find(":iam::") != std::string_view::npos &&
         text.find(":role/") != std::string_view::npos;
}

bool in_progress(std::string_view status) {
  return status.ends_with("_IN_PROGRESS");
}

/// Waits until nothing is going on with the stack.
Task<Result<aws::Stack>> settled_stack(Target& target, std::string stack, Patience patience) {
  std::chrono::milliseconds waited{0};
  auto pause = k_first_poll;
  for (;;) {
    ASSIGN_OR_CO_RETURN(aws::Stack found, co_await target.cloudformation.describe_stack(stack));
    if (!in_progress(found.status)) co_return found;
    if (waited >= patience.total) {
      co_return fail(ErrorKind::timeout, fmt::format("stack {} is still {}", found.name, found.status));
    }
    co_await patience.sleep(pause);
    waited += pause;
    pause = std::min(pause * 2, k_longest_poll);
  }
}

}  // namespace

Task<Result<Stack>> Stack::create(Target& target, StackSpec spec) {
  if (spec.template_text.size() > k_template_limit) {
    co_return fail(ErrorKind::config, fmt::format("the template has {} bytes, CloudFormation takes at most {}",
                                                  spec.template_text.size(), k_template_limit));
  }
  Stack stack(target, spec.settled);
  const bool keep = spec.keep;
  auto settled = co_await settle(stack.make(std::move(spec)));
  if (settled.result && *settled.result) {
    if (keep) stack.id_.clear();
    co_return stack;
  }
  // Also after an interrupt: nothing that costs money is left behind. The first error is the one to show.
  co_await asio::this_coro::reset_cancellation_state();
  (void)co_await stack.remove();
  if (settled.exception) std::rethrow_exception(settled.exception);
  co_return std::unexpected(wrap(std::move(*settled.result).error(), "stack " + stack.name_));
}

Task<Result<void>> Stack::make(StackSpec spec) {
  const bool made_up = spec.name.empty() && !spec.keep;
  auto created = co_await create_named(spec);
  for (int i = 1; i < k_name_attempts && made_up && !created && created.error().code == k_exists; ++i) {
    created = co_await create_named(spec);
  }
  if (!created && created.error().code == k_exists) {
    if (!spec.keep) {
      co_return fail(ErrorKind::config, "there is a stack of this name already",
                     "--keep takes it up and leaves it there; another --stack-name makes a new one");
    }
  } else if (!created) {
    if (created.error().code == "ValidationError") created.error().kind = ErrorKind::config;
    co_return created;
  }
  CO_RETURN_IF_ERROR(co_await wait_until_made());
  co_return co_await read_contents(spec.label);
}

Task<Result<void>> Stack::create_named(const StackSpec& spec) {
  name_ = stack_name(spec);
  // Until AWS says otherwise: an interrupt leaves it unsaid. What has a name of the user's may be there already: it is
  // ours to remove only when AWS has said so.
  if (spec.name.empty()) id_ = name_;
  auto created = co_await target_->cloudformation.create_stack(
      {.name = name_,
       .template_body = spec.template_text,
       .capabilities = {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"},
       .on_failure = "DO_NOTHING"});
  id_ = created ? *created : std::string();
  if (!created) co_return std::unexpected(std::move(created).error());
  co_return Result<void>{};
}

Task<Result<void>> Stack::wait_until_made() {
  ASSIGN_OR_CO_RETURN(const aws::Stack made, co_await settled_stack(*target_, name_, settled_));
  outputs_ = made.outputs;
  if (made.status == "CREATE_COMPLETE" || made.status == "UPDATE_COMPLETE") co_return Result<void>{};
  std::string reason = co_await first_failure("CREATE_FAILED");
  if (reason.empty()) reason = made.status_reason;
  co_return fail(ErrorKind::unavailable, fmt::format("{}: {}", made.status, reason));
}

/// What failed first, with its reason; empty when nothing tells.
Task<std::string> Stack::first_failure(std::string_view status_ending) {
  const auto events = co_await target_->cloudformation.describe_stack_events(name_);
  std::string first;
  if (!events) co_return first;
  for (const aws::StackResource& event : *events) {  // the newest comes first
    if (!event.status.ends_with(status_ending) || event.type == "AWS::CloudFormation::Stack") continue;
    first = fmt::format("{} ({}): {}", event.logical_id, event.type, event.status_reason);
  }
  co_return first;
}

Task<Result<void>> Stack::read_contents(const std::string& label) {
  ASSIGN_OR_CO_RETURN(const auto resources, co_await target_->cloudformation.describe_stack_resources(name_));
  std::vector<std::string> kinds;
  for (const aws::StackResource& resource : resources) {
    std::string kind = kind_of(resource.type);
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(std::move(kind));
  }
  summary_ = fmt::format("{}: {}", label, fmt::join(kinds, ", "));
  co_return co_await choose_role(resources);
}

Task<Result<void>> Stack::choose_role(const std::vector<aws::StackResource>& resources) {
  std::set<std::string> named;
  for (const auto& [key, value] : outputs_) {
    if (is_role_arn(value)) named.insert(value);
  }
  const auto chosen = outputs_.find("RoleArn");
  if (named.size() == 1) {
    role_arn_ = *named.begin();
  } else if (chosen != outputs_.end() && is_role_arn(chosen->second)) {
    role_arn_ = chosen->second;
  }
  if (!role_arn_.empty()) co_return Result<void>{};
  std::vector<std::string> roles;
  for (const aws::StackResource& resource : resources) {
    if (resource.type == "AWS::IAM::Role") roles.push_back(resource.physical_id);
  }
  if (roles.size() != 1) {
    co_return fail(ErrorKind::config,
                   roles.empty() ? "the template makes no role for the suite"
                                 : fmt::format("the template makes {} roles", roles.size()),
                   "name the suite's role in an output `RoleArn`; lambda.amazonaws.com must be allowed to assume it");
  }
  ASSIGN_OR_CO_RETURN(const aws::Role role, co_await target_->iam.get_role(roles.front()));
  role_arn_ = role.arn;
  co_return Result<void>{};
}

Task<Result<void>> Stack::remove() {
  if (id_.empty()) co_return Result<void>{};
  const std::string id = std::exchange(id_, {});
  auto removed = co_await target_->cloudformation.delete_stack(id);
  if (!removed) co_return std::unexpected(wrap(std::move(removed).error(), "remove stack " + name_));
  auto gone = co_await settled_stack(*target_, id, settled_);
  if (!gone) {
    if (gone.error().kind == ErrorKind::not_found) co_return Result<void>{};
    co_return std::unexpected(wrap(std::move(gone).error(), "remove stack " + name_));
  }
  if (gone->status == "DELETE_COMPLETE") co_return Result<void>{};
  std::string reason = co_await first_failure("DELETE_FAILED");
  if (reason.empty()) reason = gone->status_reason;
  co_return fail(ErrorKind::unavailable, fmt::format("stack {} could not be removed: {}", name_, reason));
}

}  // namespace sortie::run
