#pragma once

#include <span>

#include "broker/settings/setting.h"

namespace millrace::broker {

// All that a group can have, by name. They are for groups whose members are told their assignments
// by the broker; classic members bring their own timeouts.
std::span<const Setting> group_settings_table();

}  // namespace millrace::broker
