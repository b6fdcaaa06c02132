#pragma once

#include "base/task.h"
#include "emulator/cloudformation/api/operation.h"

namespace sortie::emulator::cloudformation {

/// Reads the documents of a request from its parameters, from S3 and from Systems Manager, as its caller.
/// ValidationError for a document that is named twice, that is not there, or is too long.
Task<AwsResult<RequestDocuments>> fetch_documents(Engine& engine, ObjectSource& objects, const Call& call,
                                                  const wire::QueryInput& input);

}  // namespace sortie::emulator::cloudformation
