#include "emulator/cloudformation/resources/resource_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/ascii.h"
#include "base/number.h"
#include "emulator/cloudformation/template/template.h"
#include "emulator/cloudformation/template/values.h"
#include "emulator/core/random.h"

namespace sortie::emulator::cloudformation {
namespace {

namespace json = boost::json;

constexpr std::size_t k_random_size = 12;
constexpr std::string_view k_mixed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view k_lower = "abcdefghijklmnopqrstuvwxyz0123456789";

/// Types of services that the embedded AWS has, which it does not make. Of other services every name is taken for one.
constexpr std::array k_absent_types = {"AWS::S3::AccessGrant",
                                       "AWS::S3::AccessGrantsInstance",
                                       "AWS::S3::AccessGrantsLocation",
                                       "AWS::S3::AccessPoint",
                                       "AWS::S3::MultiRegionAccessPoint",
                                       "AWS::S3::MultiRegionAccessPointPolicy",
                                       "AWS::S3::StorageLens",
                                       "AWS::S3::StorageLensGroup",
                                       "AWS::IAM::GroupPolicy",
                                       "AWS::IAM::OIDCProvider",
                                       "AWS::IAM::RolePolicy",
                                       "AWS::IAM::SAMLProvider",
                                       "AWS::IAM::ServerCertificate",
                                       "AWS::IAM::ServiceLinkedRole",
                                       "AWS::IAM::UserPolicy",
                                       "AWS::IAM::VirtualMFADevice",
                                       "AWS::Lambda::CapacityProvider",
                                       "AWS::Lambda::CodeSigningConfig",
                                       "AWS::Lambda::EventSourceMapping",
                                       "AWS::Lambda::LayerVersionPermission",
                                       "AWS::Logs::AccountPolicy",
                                       "AWS::Logs::Delivery",
                                       "AWS::Logs::DeliveryDestination",
                                       "AWS::Logs::DeliverySource",
                                       "AWS::Logs::Destination",
                                       "AWS::Logs::Integration",
                                       "AWS::Logs::LogAnomalyDetector",
                                       "AWS::Logs::MetricFilter",
                                       "AWS::Logs::QueryDefinition",
                                       "AWS::Logs::ResourcePolicy",
                                       "AWS::Logs::Transformer",
                                       "AWS::CloudFormation::HookDefaultVersion",
                                       "AWS::CloudFormation::HookTypeConfig",
                                       "AWS::CloudFormation::HookVersion",
                                       "AWS::CloudFormation::ModuleDefaultVersion",
                                       "AWS::CloudFormation::ModuleVersion",
                                       "AWS::CloudFormation::PublicTypeVersion",
                                       "AWS::CloudFormation::Publisher",
                                       "AWS::CloudFormation::ResourceDefaultVersion",
                                       "AWS::CloudFormation::ResourceVersion",
                                       "AWS::CloudFormation::Stack",
                                       "AWS::CloudFormation::StackSet",
                                       "AWS::CloudFormation::TypeActivation",
                                       "AWS::CloudFormation::WaitCondition"};

/// The services of AWS::SERVICE::TYPE, beside those that the embedded AWS has.
constexpr std::string_view k_services =
    " ACMPCA APS ARCRegionSwitch ARCZonalShift AccessAnalyzer AmazonMQ Amplify AmplifyUIBuilder ApiGateway "
    "ApiGatewayV2 "
    "AppConfig AppFlow AppIntegrations AppMesh AppRunner AppStream AppSync AppTest ApplicationAutoScaling "
    "ApplicationInsights ApplicationSignals Athena AuditManager AutoScaling AutoScalingPlans B2BI BCMDataExports "
    "Backup "
    "BackupGateway Batch Bedrock BedrockAgentCore Billing BillingConductor Budgets CE CUR Cases Cassandra "
    "CertificateManager Chatbot CleanRooms CleanRoomsML Cloud9 CloudFront CloudTrail CloudWatch CodeArtifact CodeBuild "
    "CodeCommit CodeConnections CodeDeploy CodeGuruProfiler CodeGuruReviewer CodePipeline CodeStar CodeStarConnections "
    "CodeStarNotifications Cognito Comprehend Config Connect ConnectCampaigns ConnectCampaignsV2 ControlTower "
    "CustomerProfiles DAX DLM DMS DSQL DataBrew DataPipeline DataSync DataZone Deadline Detective DevOpsGuru "
    "DirectoryService DocDB DocDBElastic DynamoDB EC2 ECR ECS EFS EKS EMR EMRContainers EMRServerless EVS ElastiCache "
    "ElasticBeanstalk ElasticLoadBalancing ElasticLoadBalancingV2 Elasticsearch EntityResolution EventSchemas Events "
    "Evidently FIS FMS FSx FinSpace Forecast FraudDetector GameLift GameLiftStreams GlobalAccelerator Glue Grafana "
    "Greengrass GreengrassV2 GroundStation GuardDuty HealthImaging HealthLake IVS IVSChat IdentityStore ImageBuilder "
    "Inspector InspectorV2 InternetMonitor Invoicing IoT IoTAnalytics IoTCoreDeviceAdvisor IoTEvents IoTFleetHub "
    "IoTFleetWise IoTSiteWise IoTThingsGraph IoTTwinMaker IoTWireless KMS KafkaConnect Kendra KendraRanking Kinesis "
    "KinesisAnalytics KinesisAnalyticsV2 KinesisFirehose KinesisVideo LakeFormation LaunchWizard Lex LicenseManager "
    "Lightsail Location LookoutEquipment LookoutMetrics LookoutVision M2 MPA MSK MWAA Macie ManagedBlockchain "
    "MediaConnect MediaConvert MediaLive MediaPackage MediaPackageV2 MediaStore MediaTailor MemoryDB Neptune "
    "NeptuneGraph NetworkFirewall NetworkManager NimbleStudio Notifications NotificationsContacts ODB OSIS Oam Omics "
    "OpenSearchServerless OpenSearchService OpsWorks OpsWorksCM Organizations PCAConnectorAD PCAConnectorSCEP PCS "
    "Panorama PaymentCryptography Personalize Pinpoint PinpointEmail Pipes Proton QBusiness QLDB QuickSight RAM RDS "
    "RTBFabric "
    "RUM Rbin Redshift RedshiftServerless RefactorSpaces Rekognition ResilienceHub ResourceExplorer2 ResourceGroups "
    "RoboMaker RolesAnywhere Route53 Route53Profiles Route53RecoveryControl Route53RecoveryReadiness Route53Resolver "
    "S3Express S3ObjectLambda S3Outposts S3Tables S3Vectors SDB SES SMSVOICE SNS SQS SSM SSMContacts SSMGuiConnect "
    "SSMIncidents SSMQuickSetup SSO SageMaker Scheduler SecretsManager SecurityHub SecurityLake Serverless "
    "ServiceCatalog "
    "ServiceCatalogAppRegistry ServiceDiscovery Shield Signer SimSpaceWeaver StepFunctions SupportApp Synthetics "
    "SystemsManagerSAP Timestream Transfer VerifiedPermissions VoiceID VpcLattice WAF WAFRegional WAFv2 Wisdom "
    "WorkSpaces WorkSpacesThinClient WorkSpacesWeb WorkspacesInstances XRay ";

std::string random_text(std::string_view alphabet, std::size_t size) {
  std::string text;
  for (char byte : random_bytes(size)) text += alphabet[static_cast<unsigned char>(byte) % alphabet.size()];
  return text;
}

/// Both parts are shortened evenly, as AWS does, when the whole does not fit.
std::string name_of(std::string stack, std::string logical_id, std::size_t limit, std::string_view alphabet) {
  const std::size_t room = limit - k_random_size - 2;
  if (stack.size() + logical_id.size() > room) {
    const std::size_t half = room / 2;
    const std::size_t for_stack = std::max(half, room - std::min(room, logical_id.size()));
    stack.resize(std::min(stack.size(), for_stack));
    logical_id.resize(std::min(logical_id.size(), room - stack.size()));
  }
  return stack + "-" + logical_id + "-" + random_text(alphabet, k_random_size);
}

std::unexpected<AwsError> wrong_type(std::string_view name, std::string_view expected) {
  return refuse(fmt::format("Value of property {} must be {}", name, expected));
}

AwsResult<json::value> shape_scalar(const Property& property, const json::value& value) {
  const auto text = scalar_text(value);
  if (property.shape == Shape::text) {
    if (!text) return wrong_type(property.name, "of type String");
    return json::string(*text);
  }
  if (property.shape == Shape::boolean) {
    if (text == "true" || text == "false") return json::value(*text == "true");
    return wrong_type(property.name, "of type Boolean");
  }
  if (!text) return wrong_type(property.name, "of type Integer");
  const auto parsed = parse_number<std::int64_t>(*text);
  if (!parsed) return wrong_type(property.name, "of type Integer");
  const std::int64_t number = *parsed;
  return json::value(number);
}

AwsResult<json::value> shape_value(const Property& property, const json::value& value) {
  switch (property.shape) {
    case Shape::text:
    case Shape::number:
    case Shape::boolean: return shape_scalar(property, value);
    case Shape::texts: {
      json::array items;
      // One text is taken for a list of one.
      if (const auto text = scalar_text(value)) {
        items.emplace_back(*text);
        return items;
      }
      if (!value.is_array()) return wrong_type(property.name, "of type List of String");
      for (const json::value& item : value.get_array()) {
        const auto text = scalar_text(item);
        if (!text) return wrong_type(property.name, "of type List of String");
        items.emplace_back(*text);
      }
      return items;
    }
    case Shape::list:
      if (!value.is_array()) return wrong_type(property.name, "a list");
      return value;
    case Shape::object:
      if (!value.is_object()) return wrong_type(property.name, "an object");
      return value;
    case Shape::document:
      if (!value.is_object() && !value.is_string()) return wrong_type(property.name, "an object");
      return value;
  }
  return value;
}

/// Numbers and truth values as texts, at any depth: as custom resources get them.
json::value as_texts(const json::value& value) {
  if (auto text = scalar_text(value)) return json::string(*text);
  if (value.is_array()) {
    json::array items;
    for (const json::value& item : value.get_array()) items.push_back(as_texts(item));
    return items;
  }
  if (!value.is_object()) return value;
  json::object object;
  for (const auto& [name, member] : value.get_object()) object[name] = as_texts(member);
  return object;
}

const json::value* member(const Properties& properties, std::string_view name) {
  return properties.if_contains(name);
}

}  // namespace

const Property* ResourceType::find_property(std::string_view property) const {
  const auto found = std::ranges::find(properties, property, &Property::name);
  return found == properties.end() ? nullptr : &*found;
}

const ResourceType* find_resource_type(std::string_view name) {
  if (name.starts_with("Custom::")) name = "AWS::CloudFormation::CustomResource";
  for (const auto types : {iam_resource_types(), s3_resource_types(), lambda_resource_types(), ssm_resource_types(),
                           other_resource_types()}) {
    const auto found = std::ranges::find(types, name, &ResourceType::name);
    if (found != types.end()) return &*found;
  }
  return nullptr;
}

bool is_aws_resource_type(std::string_view name) {
  if (find_resource_type(name) != nullptr || name.starts_with("Alexa::ASK::")) return true;
  if (std::ranges::find(k_absent_types, name) != k_absent_types.end()) return true;
  if (!name.starts_with("AWS::")) return false;
  name.remove_prefix(5);
  const auto colons = name.find("::");
  if (colons == std::string_view::npos || colons + 2 == name.size()) return false;
  return k_services.find(fmt::format(" {} ", name.substr(0, colons))) != std::string_view::npos;
}

AwsResult<Properties> shape_properties(const ResourceType& type, const Properties& evaluated) {
  Properties shaped;
  for (const auto& [name, value] : evaluated) {
    const Property* property = type.find_property(name);
    if (property == nullptr && type.open) {
      shaped[name] = as_texts(value);
      continue;
    }
    if (property == nullptr) return refuse(fmt::format("Encountered unsupported property {}", std::string_view(name)));
    if (property->unsupported) {
      return refuse(fmt::format("The embedded AWS does not implement the property {} of {}. AWS does.",
                                std::string_view(name), type.name));
    }
    ASSIGN_OR_RETURN(shaped[name], shape_value(*property, value));
  }
  for (const Property& property : type.properties) {
    if (property.required && !shaped.contains(property.name)) {
      return refuse(fmt::format("Property {} cannot be empty.", property.name));
    }
  }
  return shaped;
}

std::vector<std::string> changed_properties(const Properties& before, const Properties& after) {
  std::vector<std::string> names;
  for (const auto& one : after) {
    if (differs(before, after, one.key())) names.emplace_back(one.key());
  }
  for (const auto& one : before) {
    if (!after.contains(one.key())) names.emplace_back(one.key());
  }
  return names;
}

std::string text_of(const Properties& properties, std::string_view name) {
  const json::value* found = member(properties, name);
  return found == nullptr ? std::string() : scalar_text(*found).value_or("");
}

bool flag_of(const Properties& properties, std::string_view name, bool fallback) {
  const std::string text = text_of(properties, name);
  return text.empty() ? fallback : text == "true";
}

std::vector<std::string> texts_of(const Properties& properties, std::string_view name) {
  std::vector<std::string> texts;
  const json::value* found = member(properties, name);
  if (found == nullptr || !found->is_array()) return texts;
  for (const json::value& item : found->get_array()) {
    if (auto text = scalar_text(item)) texts.push_back(std::move(*text));
  }
  return texts;
}

std::vector<Properties> objects_of(const Properties& properties, std::string_view name) {
  std::vector<Properties> objects;
  const json::value* found = member(properties, name);
  if (found == nullptr || !found->is_array()) return objects;
  for (const json::value& item : found->get_array()) {
    if (item.is_object()) objects.push_back(item.get_object());
  }
  return objects;
}

Properties object_of(const Properties& properties, std::string_view name) {
  const json::value* found = member(properties, name);
  return found != nullptr && found->is_object() ? found->get_object() : Properties();
}

std::string document_of(const Properties& properties, std::string_view name) {
  const json::value* found = member(properties, name);
  if (found == nullptr) return {};
  return found->is_string() ? std::string(found->get_string()) : json::serialize(*found);
}

bool differs(const Properties& before, const Properties& after, std::string_view name) {
  const json::value* one = member(before, name);
  const json::value* other = member(after, name);
  if (one == nullptr || other == nullptr) return one != other;
  return !same_value(*one, *other);
}

void add_stack_tags(const ResourceType& type, const Tags& tags, Properties& properties) {
  const Property* property = type.find_property("Tags");
  if (tags.empty() || property == nullptr || property->unsupported) return;
  json::value& own = properties["Tags"];
  if (property->shape == Shape::object) {
    if (own.is_null()) own = json::object();
    if (!own.is_object()) return;
    for (const auto& [key, value] : tags) own.get_object().emplace(key, value);
    return;
  }
  if (own.is_null()) own = json::array();
  if (!own.is_array()) return;
  for (const auto& [key, value] : tags) {
    const bool there = std::ranges::any_of(own.get_array(), [&key](const json::value& tag) {
      return tag.is_object() && text_of(tag.get_object(), "Key") == key;
    });
    if (!there) own.get_array().push_back(json::object{{"Key", key}, {"Value", value}});
  }
}

Tags tags_of(const Properties& properties) {
  Tags tags;
  for (const Properties& tag : objects_of(properties, "Tags"))
    tags.emplace_back(text_of(tag, "Key"), text_of(tag, "Value"));
  return tags;
}

TagChanges tag_changes(const Properties& before, const Properties& after) {
  const Tags old = tags_of(before);
  const Tags now = tags_of(after);
  TagChanges changes;
  for (const auto& tag : old) {
    if (std::ranges::none_of(now, [&](const auto& one) { return one.first == tag.first; }))
      changes.gone.push_back(tag.first);
  }
  for (const auto& tag : now) {
    if (std::ranges::find(old, tag) == old.end()) changes.put.push_back(tag);
  }
  return changes;
}

std::unexpected<AwsError> refuse(std::string reason) {
  return aws_fail(400, "GeneralServiceException", std::move(reason));
}

std::string generated_name(const ResourceContext& context, std::size_t limit) {
  return name_of(context.stack_name, context.logical_id, limit, k_mixed);
}

std::string generated_bucket_name(const ResourceContext& context) {
  return name_of(ascii_lower(context.stack_name), ascii_lower(context.logical_id), 63, k_lower);
}

}  // namespace sortie::emulator::cloudformation
