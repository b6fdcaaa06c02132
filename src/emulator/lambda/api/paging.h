#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/core/call.h"

/// Pages of the List operations.
namespace sortie::emulator::lambda {

/// What MaxItems and Marker ask for.
struct Page {
  int size = 50;
  std::string after;  ///< items up to this key were given already
};
AwsResult<Page> read_page(std::string_view max_items, std::string_view marker);
/// A page of `items`, which are in the order of their keys, as `{"MEMBER":[…],"NextMarker":…}`.
boost::json::object page_document(std::string_view member,
                                  std::vector<std::pair<std::string, boost::json::object>> items, const Page& page);

}  // namespace sortie::emulator::lambda
