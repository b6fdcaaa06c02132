#include "emulator/s3/object/rows.h"

/// Operations of S3 on objects that the embedded AWS does not have.
namespace sortie::emulator::s3 {
namespace {

constexpr Row k_rows[] = {
    {"UpdateObjectEncryption", nullptr, on_object("PUT", "encryption")},
    {"RenameObject", nullptr, on_object("PUT", "renameObject")},
    {"RestoreObject", nullptr, on_object("POST", "restore")},
    {"SelectObjectContent", nullptr, on_object("POST", "select")},
    {"GetObjectTorrent", nullptr, on_object("GET", "torrent")},
};

}  // namespace

std::span<const Row> unsupported_object_operations() {
  return k_rows;
}

}  // namespace sortie::emulator::s3
