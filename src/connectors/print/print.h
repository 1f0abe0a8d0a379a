#pragma once

#include "connectors/connector.h"

namespace millrace::connectors {

// 'print': writes a line per change, "+I[1, 'a']", once the epoch it belongs to is committed.
const Connector& print_connector();

}  // namespace millrace::connectors
