#pragma once

#include <memory>
#include <string>

#include "connectors/connector.h"

namespace millrace::connectors {

// The rows of the files that `path` means, a split a file. Each file is recognised by its size and
// time of change; reading goes on in the middle of one after a restart.
//
// Failure: kFileNotFound, kMalformedFile; the splits are listed when the job starts.
Result<std::shared_ptr<engine::Source>> make_file_source(const SourceRequest& request,
                                                         const std::string& path, Outside& outside);

}  // namespace millrace::connectors
