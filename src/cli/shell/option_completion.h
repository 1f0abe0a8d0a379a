#pragma once

#include <optional>

#include "cli/shell/line_reader.h"
#include "cli/shell/statement_scan.h"

namespace millrace::cli {

// Names and values of options where the statement ends inside of WITH ( … ): those of the table, of
// the connector and format that it names, or of all connectors and formats. nullopt: it does not.
std::optional<Completion> complete_option(const StatementScan& scan);

}  // namespace millrace::cli
