#include "s3cli/arguments.h"

namespace sortie::s3cli {

namespace {

constexpr std::string_view k_s3cli = R"usage(Usage of s3cli:
  s3cli [-v] -c CONFIG.json COMMAND ARGS
    put FILE KEY               upload a file
    get KEY FILE               download a blob; FILE may be /dev/stdout or a pipe
    delete KEY                 delete a blob; one that is not there is no error
    exists KEY                 exit status 0 when it exists, 3 when it does not
    sign KEY get|put DURATION  print a URL that whoever has it may use for so long: 1h, 60m, 3600s
  -c string
    	configuration path
  -v	print CLI version

CONFIG.json, with the credentials of the environment, a profile, a container or an instance:
  {"bucket_name": "blobs", "region": "eu-west-1", "credentials_source": "env_or_profile"}
with keys of its own, in a store that is not AWS's:
  {"bucket_name": "blobs", "host": "store.example", "port": 9000, "access_key_id": "…", "secret_access_key": "…"}

Examples:
  s3cli -c config.json put release.tgz releases/1.tgz
  s3cli -c config.json get releases/1.tgz /dev/stdout | tar -tz
  s3cli -c config.json exists releases/2.tgz || echo not there
  curl -o release.tgz "$(s3cli -c config.json sign releases/1.tgz get 10m)"

Exit status: 0 done, 1 failed, 2 a flag that there is not, 3 the blob of `exists` is not there.
)usage";

constexpr std::string_view k_storage_cli = R"usage(Usage of storage-cli:
  storage-cli -s s3 -c CONFIG.json [-log-file PATH] [-log-level LEVEL] COMMAND ARGS
    put FILE KEY               upload a file
    get KEY FILE               download a blob; FILE may be /dev/stdout or a pipe
    delete KEY                 delete a blob; one that is not there is no error
    delete-recursive [PREFIX]  delete all blobs, or those whose key begins with PREFIX
    exists KEY                 exit status 0 when it exists, 3 when it does not
    list [PREFIX]              the keys, one a line
    copy SOURCE DESTINATION    copy a blob within the bucket
    properties KEY             a blob's ETag, time and length as JSON; {} when there is none
    sign KEY get|put DURATION  print a URL that whoever has it may use for so long: 1h, 60m, 3600s
    ensure-storage-exists      make the bucket if it is not there
  -c string
    	configuration path
  -log-file string
    	also log into this file; its folder is made
  -log-level string
    	debug, info, warn (default) or error
  -s string
    	storage provider: s3
  -v	print CLI version

CONFIG.json is that of s3cli:
  {"bucket_name": "blobs", "region": "eu-west-1", "credentials_source": "env_or_profile"}

Examples:
  storage-cli -s s3 -c config.json put release.tgz releases/1.tgz
  storage-cli -s s3 -c config.json list releases/
  storage-cli -s s3 -c config.json properties releases/1.tgz

Exit status: 0 done, 1 failed, 2 a flag that there is not, 3 the blob of `exists` is not there.
)usage";

}  // namespace

std::string_view usage(Dialect dialect) {
  return dialect == Dialect::s3cli ? k_s3cli : k_storage_cli;
}

}  // namespace sortie::s3cli
