#pragma once

#include "connectors/connector.h"

namespace millrace::connectors {

// 'datagen': rows made up from a seed, a pure function of (seed, row number): splits, restarts and
// replays give the same rows.
const Connector& datagen_connector();

}  // namespace millrace::connectors
