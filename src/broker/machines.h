#pragma once

#include "broker/identity_machine.h"
#include "broker/quotas/quota_table.h"
#include "broker/settings/settings_table.h"

namespace millrace::broker {

// What the broker keeps in the log's checkpoint, to be registered with the log before it opens,
// also where no broker runs.
struct Machines {
  IdentityMachine identity;
  SettingsTable settings;
  QuotaTable quotas;
};

}  // namespace millrace::broker
