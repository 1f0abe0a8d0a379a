#pragma once

#include "connectors/connector.h"

namespace millrace::connectors {

// 'nexmark': the auction stream of the benchmark, made from a seed (docs/reference/nexmark.md).
const Connector& nexmark_connector();

}  // namespace millrace::connectors
