#pragma once

#include <string>

#include "node/node.h"
#include "server/metrics_text.h"
#include "server/topic_status.h"

namespace millrace::server {

// What is told of this process and of its log.
void tell_process(MetricsText& text);
void tell_log(MetricsText& text, const node::LogStatus& log);
// Of the disk that holds the data folder; nothing where the system does not say.
void tell_disk(MetricsText& text, const std::string& folder);
// By topic; `partitions`: by partition, too, which may be many.
void tell_topics(MetricsText& text, const TopicStatuses& topics, bool partitions);

}  // namespace millrace::server
