#include "traits/connector_traits.h"

namespace millrace::traits {
namespace {

constexpr OptionSpec kTableOptions[] = {
    {.name = "connector",
     .default_value = "log",
     .documentation = "Where the rows are; without it the table is a topic of the embedded log."},
    {.name = "format", .documentation = "How a record or a file is written."},
    {.name = "on-error",
     .type = OptionType::kChoice,
     .default_value = "dead-letter",
     .choices = "fail|skip|null|dead-letter",
     .documentation =
         "What becomes of a row that cannot be decoded or computed: end the job, count "
         "and drop it, set the field to NULL, or write it to sys.errors."},
    {.name = "scan.order",
     .type = OptionType::kChoice,
     .default_value = "arrival",
     .choices = "arrival|event-time",
     .documentation = "The order in which a bounded table is read; 'event-time' sorts it first."},
    {.name = "scan.rows-per-second",
     .type = OptionType::kReal,
     .default_value = "0",
     .min = 0,
     .documentation = "Slows reading down to this rate; 0: as fast as rows come."},
    {.name = "scan.far-future",
     .type = OptionType::kDuration,
     .default_value = "1 d",
     .min = 0,
     .documentation =
         "A row whose event time lies this far ahead of the clock is rejected (endless "
         "input) or noted (bounded input) instead of moving the watermark; 0: never."},
    {.name = "scan.watermark.idle-timeout",
     .type = OptionType::kDuration,
     .default_value = "0 ms",
     .min = 0,
     .documentation = "A partition that has been read to its end for this long no longer holds the "
                      "watermark back; 0: it always does."},
};

}  // namespace

OptionTable table_options() {
  return kTableOptions;
}

}  // namespace millrace::traits
