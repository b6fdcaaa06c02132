#include "emulator/cloudformation/api/operation.h"

/// Operations that AWS has and the embedded AWS does not: extensions, StackSets, generated templates, drift,
/// refactoring.
namespace sortie::emulator::cloudformation {
namespace {

constexpr Row k_operations[] = {
    {"ActivateOrganizationsAccess"},
    {"ActivateType"},
    {"BatchDescribeTypeConfigurations"},
    {"CreateGeneratedTemplate"},
    {"CreateStackInstances"},
    {"CreateStackRefactor"},
    {"CreateStackSet"},
    {"DeactivateOrganizationsAccess"},
    {"DeactivateType"},
    {"DeleteGeneratedTemplate"},
    {"DeleteStackInstances"},
    {"DeleteStackSet"},
    {"DeregisterType"},
    {"DescribeAccountLimits"},
    {"DescribeChangeSetHooks"},
    {"DescribeEvents"},
    {"DescribeGeneratedTemplate"},
    {"DescribeOrganizationsAccess"},
    {"DescribePublisher"},
    {"DescribeResourceScan"},
    {"DescribeStackDriftDetectionStatus"},
    {"DescribeStackInstance"},
    {"DescribeStackRefactor"},
    {"DescribeStackResourceDrifts"},
    {"DescribeStackSet"},
    {"DescribeStackSetOperation"},
    {"DescribeType"},
    {"DescribeTypeRegistration"},
    {"DetectStackDrift"},
    {"DetectStackResourceDrift"},
    {"DetectStackSetDrift"},
    {"EstimateTemplateCost"},
    {"ExecuteStackRefactor"},
    {"GetGeneratedTemplate"},
    {"GetHookResult"},
    {"ImportStacksToStackSet"},
    {"ListGeneratedTemplates"},
    {"ListHookResults"},
    {"ListResourceScanRelatedResources"},
    {"ListResourceScanResources"},
    {"ListResourceScans"},
    {"ListStackInstanceResourceDrifts"},
    {"ListStackInstances"},
    {"ListStackRefactorActions"},
    {"ListStackRefactors"},
    {"ListStackSetAutoDeploymentTargets"},
    {"ListStackSetOperationResults"},
    {"ListStackSetOperations"},
    {"ListStackSets"},
    {"ListTypeRegistrations"},
    {"ListTypeVersions"},
    {"ListTypes"},
    {"PublishType"},
    {"RecordHandlerProgress"},
    {"RegisterPublisher"},
    {"RegisterType"},
    {"RollbackStack"},
    {"SetTypeConfiguration"},
    {"SetTypeDefaultVersion"},
    {"SignalResource"},
    {"StartResourceScan"},
    {"StopStackSetOperation"},
    {"TestType"},
    {"UpdateGeneratedTemplate"},
    {"UpdateStackInstances"},
    {"UpdateStackSet"},
};

}  // namespace

std::span<const Row> unsupported_operations() {
  return k_operations;
}

}  // namespace sortie::emulator::cloudformation
