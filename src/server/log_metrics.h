#pragma once

#include "node/node.h"
#include "server/metrics_text.h"
#include "server/topic_status.h"

namespace millrace::server {

// What is told of this process and of its log.
void tell_process(MetricsText& text);
void tell_log(MetricsText& text, const node::LogStatus& log);
// By topic; `partitions`: by partition, too, which may be many.
void tell_topics(MetricsText& text, const TopicStatuses& topics, bool partitions);

}  // namespace millrace::server
