#pragma once

#include "connectors/connector.h"

namespace millrace::connectors {

// 'blackhole': takes every row, reads every byte of it once into a checksum, and keeps nothing. For
// measuring what comes before it.
const Connector& blackhole_connector();

}  // namespace millrace::connectors
