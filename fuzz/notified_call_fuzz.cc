#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "sandbox/notified_call.h"

namespace {

using namespace sortie::sandbox;

/// The input is the caller's memory, from address 0, zeros to the end of its last page. Each read may see something
/// else: another thread is at work.
class InputMemory final : public CallerMemory {
 public:
  InputMemory(const std::uint8_t* data, std::size_t size)
      : data_(data), size_(size), end_((size + k_page - 1) / k_page * k_page) {}

  bool read(std::uint64_t address, void* to, std::size_t size) override {
    if (size > k_most) std::abort();  // what is asked for is bounded, whatever the program says
    ++reads_;
    if (reads_ > k_most_reads) std::abort();
    if (address > end_ || size > end_ - address) return false;
    std::memset(to, 0, size);
    if (address < size_) std::memcpy(to, data_ + address, std::min(size, size_ - address));
    if (size != 0 && reads_ % 3 == 0) static_cast<std::uint8_t*>(to)[reads_ % size] ^= 0xff;
    return true;
  }
  bool write(std::uint64_t, const void*, std::size_t) override { return true; }

 private:
  static constexpr std::size_t k_page = 4096;
  static constexpr std::size_t k_most = 64 << 10;
  static constexpr std::size_t k_most_reads = 1100;
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t end_;
  std::size_t reads_ = 0;
};

void look_at(const SocketAddress& address) {
  if (address.size > sizeof(sockaddr_storage)) std::abort();
  for (const bool sending : {false, true}) {
    const auto destination = destination_of(address, sending);
    if (!destination || !*destination) continue;
    const SocketAddress loopback = loopback_like(address, 80);
    const auto again = destination_of(loopback, sending);
    if (!again || !*again || !(**again).is_loopback() || (**again).port != 80) std::abort();
  }
  if (const auto path = unix_path(address); path && path->size() > 108) std::abort();
}

}  // namespace

/// Addresses, paths and messages in a memory that is anything.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::uint64_t arguments[3] = {};
  std::memcpy(arguments, data, std::min(size, sizeof arguments));
  {
    InputMemory memory(data, size);
    if (const auto address = copy_address(memory, arguments[0], arguments[1])) look_at(*address);
  }
  {
    InputMemory memory(data, size);
    const auto path = copy_path(memory, arguments[0]);
    if (path && (path->size() >= 4096 || path->find('\0') != std::string::npos)) std::abort();
  }
  InputMemory memory(data, size);
  const auto message = copy_message(memory, arguments[2]);
  if (!message) return 0;
  look_at(message->to);
  const auto copied = copy_data(memory, *message, 64 << 10);
  if (copied && copied->size() != message->size) std::abort();
  const auto control = copy_control(memory, *message);
  if (control && control->size() > 1024) std::abort();
  return 0;
}
