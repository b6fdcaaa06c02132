#pragma once

#include <boost/json/fwd.hpp>

#include "emulator/iam/directory.h"

/// How entities are kept in the store.
namespace sortie::emulator::iam {

boost::json::object to_json(const Role& role);
boost::json::object to_json(const User& user);
boost::json::object to_json(const Group& group);
boost::json::object to_json(const ManagedPolicy& policy);
boost::json::object to_json(const InstanceProfile& profile);

void from_json(const boost::json::object& object, Role& role);
void from_json(const boost::json::object& object, User& user);
void from_json(const boost::json::object& object, Group& group);
void from_json(const boost::json::object& object, ManagedPolicy& policy);
void from_json(const boost::json::object& object, InstanceProfile& profile);

}  // namespace sortie::emulator::iam
