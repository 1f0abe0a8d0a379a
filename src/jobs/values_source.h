#pragma once

#include <memory>
#include <vector>

#include "data/value.h"
#include "engine/source.h"

namespace millrace::jobs {

// The rows of VALUES, as one split that ends.
std::shared_ptr<engine::Source> make_values_source(data::SchemaPtr schema,
                                                   std::vector<std::vector<data::Value>> rows);

}  // namespace millrace::jobs
