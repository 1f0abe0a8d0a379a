#include "cli/records/produce_command.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <memory>
#include <optional>

#include "base/nearest.h"
#include "base/number_text.h"
#include "cli/interrupt.h"
#include "cli/kafka_client/cluster.h"
#include "cli/kafka_client/record_sink.h"
#include "cli/kafka_client/topic_admin.h"
#include "cli/output.h"
#include "cli/progress_line.h"
#include "cli/records/record_format.h"
#include "cli/records/record_input.h"
#include "cli/records/record_json.h"

namespace millrace::cli {
namespace {

constexpr int kWaitMs = 100;
constexpr size_t kPartitionsShown = 8;

Result<std::vector<ClientRecord::Header>> read_headers(const std::vector<std::string>& written) {
  std::vector<ClientRecord::Header> headers;
  for (const std::string& header : written) {
    const size_t equals = header.find('=');
    if (equals == std::string::npos) {
      return Error(ErrorCode::kInvalidOption, fmt::format("'{}' is no header", header))
          .at("--header")
          .remedy("Write --header name=value.");
    }
    const std::string_view text = header;
    headers.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return headers;
}

Result<void> check_word(std::string_view word, std::span<const std::string_view> known,
                        const char* what, const char* option) {
  if (std::ranges::find(known, word) != known.end()) return {};
  return Error(ErrorCode::kInvalidOption, fmt::format("'{}' is no {}", word, what))
      .at(option)
      .remedy(nearest_remedy(word, known));
}

Result<void> check(const ProduceOptions& options) {
  constexpr auto kAcks = std::to_array<std::string_view>({"all", "-1", "1", "0"});
  constexpr auto kCodecs =
      std::to_array<std::string_view>({"none", "gzip", "snappy", "lz4", "zstd"});
  MILLRACE_TRY(check_word(options.acks, kAcks, "number of acknowledgements", "--acks"));
  if (!options.codec.empty()) {
    MILLRACE_TRY(check_word(options.codec, kCodecs, "compression", "--compression"));
  }
  if (options.json && (!options.key_separator.empty() || options.tombstones)) {
    return Error(ErrorCode::kInvalidOption, "a JSON object says what its key and value are")
        .at("--json")
        .remedy("Leave out --key-separator and --tombstones: null is NULL.");
  }
  return {};
}

class Production {
 public:
  Production(io::World world, const ProduceOptions& options,
             std::vector<ClientRecord::Header> headers)
      : world_(world),
        options_(options),
        headers_(std::move(headers)),
        separator_(unescape(options.key_separator)),
        input_(world.files, options.files, unescape(options.delimiter)),
        from_stdin_(options.files.empty()),
        by_hand_(from_stdin_ && isatty(STDIN_FILENO) != 0),
        progress_(world.clock, !options.quiet && !by_hand_) {}

  Result<ExitCode> run() {
    target_ = MILLRACE_TRY(Target::open(world_, options_.target));
    MILLRACE_TRY(open_sink(RecordSink::kBatchBytes));
    const Cluster cluster = MILLRACE_TRY(read_cluster(sink_->client()));
    topic_ = MILLRACE_TRY(find_topic(cluster, options_.topic));
    MILLRACE_TRY(check_partition(topic_, options_.partition));
    // Of a batch that is too large the server refuses all records.
    const int64_t batch_bytes = batch_bytes_max();
    if (batch_bytes < RecordSink::kBatchBytes) MILLRACE_TRY(open_sink(batch_bytes));
    sink_->begin(topic_.name, static_cast<int32_t>(topic_.partitions.size()));
    const Interrupt interrupt(world_.clock, [this] { stopped_ = true; });
    if (by_hand_ && !options_.quiet) write_err("A record a line; Ctrl-D ends.\n");
    const auto added = add_records();
    while (!sink_->flush(kWaitMs)) show_progress();
    progress_.clear();
    if (!options_.quiet) tell();
    MILLRACE_TRY(outcome());
    if (!added) return Error(added.error());
    return interrupt.happened() ? ExitCode::kInterrupted : ExitCode::kOk;
  }

 private:
  Result<void> open_sink(int64_t batch_bytes) {
    sink_ = MILLRACE_TRY(RecordSink::open(world_.clock, target_->client(),
                                          {.acks = options_.acks == "-1" ? "all" : options_.acks,
                                           .codec = options_.codec,
                                           .at_once = by_hand_,
                                           .batch_bytes = batch_bytes}));
    return {};
  }

  // What the topic takes, as far as this may be asked.
  int64_t batch_bytes_max() {
    int64_t bytes = RecordSink::kBatchBytes;
    const auto settings = topic_settings(sink_->client(), topic_.name);
    if (!settings) return bytes;
    for (const TopicSetting& setting : *settings) {
      if (setting.name != "max.message.bytes" || !setting.value) continue;
      std::from_chars(setting.value->data(), setting.value->data() + setting.value->size(), bytes);
    }
    return std::max<int64_t>(1, bytes);
  }

  Result<void> add_records() {
    std::string text;
    while (!stopped_ && sink_->failures().count == 0) {
      const RecordInput::Step step = MILLRACE_TRY(input_.next(text, kWaitMs));
      if (step == RecordInput::Step::kEnd) break;
      if (step == RecordInput::Step::kWait) {
        sink_->client().poll(0);
        show_progress();
        continue;
      }
      const auto added = options_.json ? add_json(text) : add_text(text);
      if (!added) return Error(added.error()).at(input_.place_of(count_));
      ++count_;
      if (by_hand_) sink_->flush(sink_->client().answer_ms());
      show_progress();
    }
    return {};
  }

  Result<void> add_text(std::string_view text) {
    ClientRecord record{.key = options_.key, .headers = {}};
    const size_t cut = separator_.empty() ? std::string_view::npos : text.find(separator_);
    if (cut != std::string_view::npos) {
      record.key = text.substr(0, cut);
      text = text.substr(cut + separator_.size());
    }
    record.value = text;
    if (options_.tombstones) {
      if (record.key && record.key->empty()) record.key.reset();
      if (text.empty()) record.value.reset();
    }
    return add(std::move(record));
  }

  Result<void> add_json(std::string_view text) {
    const GivenRecord given = MILLRACE_TRY(GivenRecord::parse(text));
    ClientRecord record = given.record();
    if (!record.key && options_.key) record.key = *options_.key;
    const auto count = static_cast<int32_t>(topic_.partitions.size());
    if (record.partition >= count && !options_.partition) {
      return Error(ErrorCode::kTopicNotFound,
                   fmt::format("topic '{}' has no partition {}", topic_.name, record.partition))
          .remedy("Leave out the field \"partition\", or say with -p where all records go.");
    }
    return add(std::move(record));
  }

  Result<void> add(ClientRecord record) {
    if (options_.partition) record.partition = *options_.partition;
    record.headers.insert(record.headers.end(), headers_.begin(), headers_.end());
    if (record.timestamp_ms < 0) record.timestamp_ms = world_.clock.wall_us() / 1'000;
    return sink_->add(count_, record);
  }

  // Failure: the first record that was not acknowledged.
  Result<void> outcome() {
    const RecordSink::Failures& failures = sink_->failures();
    if (failures.count == 0) return {};
    std::string what = "the record was not acknowledged";
    if (failures.count > 1) {
      what = fmt::format("{} records were not acknowledged, this is the first",
                         with_commas(failures.count));
    }
    return Error(*failures.why).within(what).at(input_.place_of(failures.first));
  }

  void tell() {
    const uint64_t count = sink_->acknowledged();
    const char* plural = count == 1 ? "" : "s";
    if (options_.acks == "0") {
      write_err(fmt::format("{} record{} sent to {}; nobody said that they arrived\n",
                            with_commas(count), plural, topic_.name));
      return;
    }
    std::string text =
        fmt::format("{} record{} written to {}", with_commas(count), plural, topic_.name);
    size_t shown = 0;
    for (const auto& [partition, part] : sink_->written()) {
      if (shown == kPartitionsShown) {
        text += fmt::format(", and {} partitions more", sink_->written().size() - shown);
        break;
      }
      text += shown++ == 0 ? ": " : ", ";
      text += fmt::format("{}-{}@{}", topic_.name, partition, part.first);
      if (part.last > part.first) text += fmt::format("..{}", part.last);
    }
    write_err(text + "\n");
  }

  void show_progress() {
    if (!progress_.due()) return;
    progress_.show(fmt::format("{} records read, {} written", with_commas(count_),
                               with_commas(sink_->acknowledged())));
  }

  io::World world_;
  const ProduceOptions& options_;
  const std::vector<ClientRecord::Header> headers_;
  const std::string separator_;
  RecordInput input_;
  const bool from_stdin_;
  const bool by_hand_;
  ProgressLine progress_;
  std::optional<Target> target_;
  std::unique_ptr<RecordSink> sink_;
  KnownTopic topic_;
  uint64_t count_ = 0;
  std::atomic<bool> stopped_{false};
};

}  // namespace

ExitCode produce(io::World world, const ProduceOptions& options) {
  const auto checked = check(options);
  if (!checked) return report(checked.error());
  auto headers = read_headers(options.headers);
  if (!headers) return report(headers.error());
  const auto done = Production(world, options, *std::move(headers)).run();
  return done ? *done : conclude(Error(done.error()));
}

}  // namespace millrace::cli
