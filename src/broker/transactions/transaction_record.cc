#include "broker/transactions/transaction_record.h"

#include <fmt/core.h>

#include <map>
#include <utility>
#include <vector>

#include "kafka/wire/reader.h"
#include "kafka/wire/writer.h"

namespace millrace::broker {
namespace {

using kafka::Reader;
using kafka::Writer;

constexpr int16_t kKeyVersion = 0;
constexpr int16_t kValueVersion = 1;
constexpr int16_t kFlexibleFrom = 1;

enum Tag : uint32_t { kPreviousProducerId = 0, kClientVersion = 2 };

std::string text_of(Writer& writer) {
  std::string text;
  for (const Buffer& part : writer.finish(false)) text += part.view();
  return text;
}

using ByTopic = std::vector<std::pair<std::string, std::vector<int32_t>>>;

ByTopic by_topic(const std::set<TransactionPartition>& partitions) {
  ByTopic topics;
  for (const TransactionPartition& partition : partitions) {
    if (topics.empty() || topics.back().first != partition.topic) {
      topics.emplace_back(partition.topic, std::vector<int32_t>());
    }
    topics.back().second.push_back(partition.index);
  }
  return topics;
}

void write_tags(Writer& writer, const TransactionRecord& record) {
  const bool previous = record.previous_producer_id >= 0;
  writer.uvarint(previous ? 2 : 1);
  if (previous) {
    writer.tagged(kPreviousProducerId,
                  [&](Writer& tag) { tag.number<int64_t>(record.previous_producer_id); });
  }
  writer.tagged(kClientVersion, [&](Writer& tag) { tag.number<int16_t>(record.client_version); });
}

Result<int16_t> check_version(int16_t version, int16_t newest) {
  if (version >= 0 && version <= newest) return version;
  return Error(
      ErrorCode::kCorruptRecord,
      fmt::format("a record of a transaction has version {}, known are 0 to {}", version, newest));
}

Error corrupt(const Error& why) {
  return Error(ErrorCode::kCorruptRecord, "a record of a transaction: " + why.message());
}

int16_t version_of(std::string_view bytes) {
  Reader reader(Buffer::copy_of(bytes.substr(0, sizeof(int16_t))), false);
  const auto version = reader.number<int16_t>();
  return reader.good() ? version : int16_t{-1};
}

}  // namespace

std::string_view name_of(TransactionState state) {
  switch (state) {
    case TransactionState::kEmpty:
      return "Empty";
    case TransactionState::kOngoing:
      return "Ongoing";
    case TransactionState::kPrepareCommit:
      return "PrepareCommit";
    case TransactionState::kPrepareAbort:
      return "PrepareAbort";
    case TransactionState::kCompleteCommit:
      return "CompleteCommit";
    case TransactionState::kCompleteAbort:
      return "CompleteAbort";
    case TransactionState::kDead:
      return "Dead";
  }
  return "Unknown";
}

std::string encode_transaction_key(std::string_view transactional_id) {
  Writer writer(false);
  writer.number<int16_t>(kKeyVersion);
  writer.string(transactional_id);
  return text_of(writer);
}

std::string encode_value(const TransactionRecord& record) {
  Writer writer(true);
  writer.number<int16_t>(kValueVersion);
  writer.number<int64_t>(record.producer_id);
  writer.number<int16_t>(record.producer_epoch);
  writer.number<int32_t>(record.timeout_ms);
  writer.number<int8_t>(static_cast<int8_t>(record.state));
  writer.array(by_topic(record.partitions), [&](const ByTopic::value_type& topic) {
    writer.string(topic.first);
    writer.array(topic.second, [&](int32_t index) { writer.number<int32_t>(index); });
    writer.uvarint(0);
  });
  writer.number<int64_t>(record.updated_ms);
  writer.number<int64_t>(record.began_ms);
  write_tags(writer, record);
  return text_of(writer);
}

Result<std::string> decode_transaction_key(std::string_view bytes) {
  MILLRACE_TRY(check_version(version_of(bytes), kKeyVersion));
  Reader reader(Buffer::copy_of(bytes), false);
  (void)reader.number<int16_t>();
  std::string id = reader.string();
  if (const auto read = reader.finish("the key"); !read) return corrupt(read.error());
  return id;
}

Result<TransactionRecord> decode_transaction_value(std::string_view bytes) {
  const int16_t version = MILLRACE_TRY(check_version(version_of(bytes), kValueVersion));
  Reader reader(Buffer::copy_of(bytes), version >= kFlexibleFrom);
  (void)reader.number<int16_t>();
  TransactionRecord record;
  record.producer_id = reader.number<int64_t>();
  record.producer_epoch = reader.number<int16_t>();
  record.timeout_ms = reader.number<int32_t>();
  record.state = static_cast<TransactionState>(reader.number<int8_t>());
  std::optional<ByTopic> topics;
  reader.nullable_array(topics, [&](ByTopic::value_type& topic) {
    topic.first = reader.string();
    reader.array(topic.second, [&](int32_t& index) { index = reader.number<int32_t>(); });
    reader.skip_tags();
  });
  for (const auto& [topic, indexes] : topics.value_or(ByTopic())) {
    for (const int32_t index : indexes) record.partitions.insert({topic, index});
  }
  record.updated_ms = reader.number<int64_t>();
  record.began_ms = reader.number<int64_t>();
  reader.tags([&](uint32_t tag) {
    if (tag == kPreviousProducerId) {
      record.previous_producer_id = reader.number<int64_t>();
      return true;
    }
    if (tag != kClientVersion) return false;
    record.client_version = reader.number<int16_t>();
    return true;
  });
  if (const auto read = reader.finish("its value"); !read) return corrupt(read.error());
  return record;
}

}  // namespace millrace::broker
