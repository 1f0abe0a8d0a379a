#pragma once

#include "base/result.h"
#include "cli/target.h"
#include "io/file_system.h"

namespace millrace::cli {

// The settings of the client: those of --client-config (lines name=value; what begins with # is a
// comment), then those of -X, which win. ${env:NAME} and ${file:PATH} in a value stand for what is
// there; a password in plain sight after -X is refused, for everybody can see it there.
//
// Failure: kInvalidOption, kFileNotFound.
Result<ClientSettings> read_client_settings(io::FileSystem& files, const TargetOptions& options);

}  // namespace millrace::cli
