#pragma once

namespace sortie::cli {

/// Whatever we were started with: standard streams that are closed are taken by something that refuses reading and
/// writing, so that no file of ours is opened under their numbers; the umask leaves to ourselves what we make (not to
/// others what it denies them); a closed pipe and a file that may not grow are errors of the write, not a death.
void prepare_standard_streams();

}  // namespace sortie::cli
