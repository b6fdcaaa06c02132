#pragma once

#include <string>

#include "aws/cloudformation.h"
#include "aws/iam.h"
#include "aws/lambda.h"
#include "aws/logs.h"
#include "aws/sts.h"

namespace sortie::run {

/// Where a run happens, as the runner sees it: AWS's APIs, whoever answers them.
struct Target {
  std::string name;  ///< local or aws
  std::string region;
  aws::Lambda lambda;
  aws::Iam iam;
  aws::Logs logs;
  aws::Sts sts;
  aws::CloudFormation cloudformation;
};

}  // namespace sortie::run
