#include <fmt/core.h>

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <cstdio>

#include "base/clock.h"
#include "emulator/emulator.h"

/// Prints what the services' tables of operations say, for checks/operations.py:
/// `{"iam": [{"name": "CreateRole", "supported": true, "lacks": ""}, …], …}`.
int main() {
  namespace json = boost::json;
  boost::asio::io_context io;
  const sortie::SystemClock clock;
  const auto emulator = sortie::emulator::Emulator::create(io.get_executor(), clock, {});
  if (!emulator) {
    fmt::print(stderr, "error: {}\n", describe(emulator.error()));
    return 1;
  }
  json::object services;
  for (const auto& [service, operations] : (*emulator)->operations()) {
    json::array rows;
    for (const auto& operation : operations) {
      rows.push_back(json::object{{"name", std::string(operation.name)},
                                  {"supported", operation.supported},
                                  {"lacks", std::string(operation.lacks)}});
    }
    services[service] = std::move(rows);
  }
  fmt::print("{}\n", json::serialize(services));
  return 0;
}
