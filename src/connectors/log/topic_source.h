#pragma once

#include <memory>

#include "connectors/connector.h"

namespace millrace::connectors {

// The committed records of a topic, a split a partition; positions are offsets.
//
// Failure: kTopicNotFound; the format's for the declared columns.
Result<std::shared_ptr<engine::Source>> make_topic_source(const SourceRequest& request,
                                                          Outside& outside);

}  // namespace millrace::connectors
