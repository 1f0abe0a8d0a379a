#pragma once

#include "connectors/connector.h"

namespace millrace::connectors {

// 'filesystem': reads a file, every file of a folder, or those that a pattern names. Each file is a
// split, read in order; names that begin with '.' or '_' are skipped. Writes a folder, exactly
// once: files appear whole, behind the commit of their rows.
const Connector& filesystem_connector();

}  // namespace millrace::connectors
