#pragma once

#include <memory>

#include "connectors/connector.h"
#include "connectors/forward/target.h"

namespace millrace::connectors {

// The folder of a table as a target of rows:
//   <path>/part-<outbox>-<n>.<format>            files that are there, whole
//   <path>/<column>=<value>/…                    where the table is PARTITIONED BY
//   <path>/.millrace/<outbox>/{manifest,<n>}     what is hidden: the position, parts under way
//
// Parts are written hidden. To publish them: close and sync all, put a manifest that names them and
// the position into place, then move them to their names. A crash before the manifest leaves parts
// that nobody knows and that the next open removes; after it, open moves the rest.
//
// Failure: open: kInUse while another process writes for the same outbox.
Result<std::unique_ptr<Target>> make_file_target(const SinkRequest& request, Outside& outside);

}  // namespace millrace::connectors
