#include "cli/topic_command.h"

#include <fmt/core.h>

#include <vector>

#include "cli/open_log.h"
#include "cli/output.h"
#include "cli/terminal_client.h"
#include "data/builder.h"
#include "io/await.h"

namespace millrace::cli {
namespace {

using Offsets = std::vector<Result<int64_t>>;

// One offset per partition.
Result<std::vector<int64_t>> offsets_of(io::World world, io::Executor& executor,
                                        commit::CommitLog& log, const commit::Topic& topic,
                                        commit::OffsetKind kind) {
  std::vector<commit::OffsetQuery> queries;
  for (uint32_t index = 0; index < topic.partitions; ++index) {
    queries.push_back({.partition = {topic.id, index}, .kind = kind});
  }
  const Offsets answers = MILLRACE_TRY(io::await<Offsets>(
      world.threads, [&](auto done) { log.reader().offsets(queries, executor, std::move(done)); }));
  std::vector<int64_t> offsets;
  for (const Result<int64_t>& answer : answers) offsets.push_back(MILLRACE_TRY(answer));
  return offsets;
}

void print_rows(const data::SchemaPtr& schema, const data::Batch& batch, OutputFormat format,
                const formats::Formats& formats) {
  TerminalClient client({.look = {.format = format}, .quiet = true, .document = true}, formats);
  client.begin_rows(schema, false);
  if (!batch.empty()) client.rows(batch);
  client.end_rows();
}

data::Field text_field(std::string name) {
  return {std::move(name), data::TypeKind::kVarchar};
}
data::Field number_field(std::string name) {
  return {std::move(name), data::TypeKind::kBigint};
}

Result<void> print_topics(io::World world, const TopicOptions& options) {
  const OutputFormat format = MILLRACE_TRY(parse_output_format(options.output));
  const auto node = MILLRACE_TRY(open_node(world, options.data));
  const auto executor = world.threads.start({.name = "topics"});
  const data::SchemaPtr schema =
      data::make_schema({text_field("topic"), number_field("partitions"), number_field("records")});
  data::BatchBuilder rows(schema);
  for (const commit::Topic& topic : node->log().topics().list()) {
    const auto ends = MILLRACE_TRY(
        offsets_of(world, *executor, node->log(), topic, commit::OffsetKind::kVisible));
    const auto starts = MILLRACE_TRY(
        offsets_of(world, *executor, node->log(), topic, commit::OffsetKind::kEarliest));
    int64_t records = 0;
    for (size_t index = 0; index < ends.size(); ++index) records += ends[index] - starts[index];
    rows.append_row(std::vector<data::Value>{topic.name, int64_t{topic.partitions}, records});
  }
  print_rows(schema, rows.finish(), format, node->formats());
  return {};
}

Result<void> print_topic(io::World world, const TopicOptions& options) {
  const OutputFormat format = MILLRACE_TRY(parse_output_format(options.output));
  const auto node = MILLRACE_TRY(open_node(world, options.data));
  const commit::Topic topic = MILLRACE_TRY(find_topic(node->log(), options.topic));
  const auto executor = world.threads.start({.name = "topics"});
  const data::SchemaPtr schema =
      data::make_schema({number_field("partition"), number_field("start"), number_field("end")});
  const auto starts =
      MILLRACE_TRY(offsets_of(world, *executor, node->log(), topic, commit::OffsetKind::kEarliest));
  const auto ends =
      MILLRACE_TRY(offsets_of(world, *executor, node->log(), topic, commit::OffsetKind::kVisible));
  data::BatchBuilder rows(schema);
  for (uint32_t index = 0; index < topic.partitions; ++index) {
    rows.append_row(std::vector<data::Value>{int64_t{index}, starts[index], ends[index]});
  }
  print_rows(schema, rows.finish(), format, node->formats());
  for (const auto& [key, value] : topic.config) write_err(fmt::format("{} = {}\n", key, value));
  return {};
}

}  // namespace

ExitCode list_topics(io::World world, const TopicOptions& options) {
  return conclude(print_topics(world, options));
}

ExitCode describe_topic(io::World world, const TopicOptions& options) {
  return conclude(print_topic(world, options));
}

}  // namespace millrace::cli
