#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "emulator/cloudformation/resources/resource_type.h"
#include "emulator/cloudformation/resources/step.h"

namespace sortie::emulator::cloudformation {

ResourceType iam_policy_type();
ResourceType iam_managed_policy_type();

/// Requests to IAM that several of its types need.
namespace iam {

/// One request's form.
class Form {
 public:
  explicit Form(std::string_view action);
  Form& add(std::string_view name, std::string_view value);
  void add_tags(const Tags& tags);
  /// Ends the form.
  Step step();

 private:
  wire::QueryForm form_;
};

/// What policies can be attached to.
struct IamEntity {
  std::string_view kind;            ///< Role, User, Group: part of the operations' names
  std::string_view name_parameter;  ///< RoleName, …
};
inline constexpr IamEntity k_role{"Role", "RoleName"};
inline constexpr IamEntity k_user{"User", "UserName"};
inline constexpr IamEntity k_group{"Group", "GroupName"};

/// The items of `some` that are not in `others`.
std::vector<std::string> missing(const std::vector<std::string>& some, const std::vector<std::string>& others);

void change_attachments(Plan& plan, const IamEntity& entity, const std::string& name,
                        const std::vector<std::string>& before, const std::vector<std::string>& after);
/// The property Policies, a list of PolicyName and PolicyDocument.
AwsResult<void> change_inline_policies(Plan& plan, const IamEntity& entity, const std::string& name,
                                       const Properties& before, const Properties& after);
void change_boundary(Plan& plan, const IamEntity& entity, const std::string& name, const Properties& before,
                     const Properties& after);
void change_tags(Plan& plan, const IamEntity& entity, const std::string& name, const Properties& before,
                 const Properties& after);
void change_groups(Plan& plan, const std::string& user, const std::vector<std::string>& before,
                   const std::vector<std::string>& after);

}  // namespace iam
}  // namespace sortie::emulator::cloudformation
