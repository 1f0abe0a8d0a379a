#include "log/ring/entry_body.h"

#include <fmt/core.h>

namespace millrace::log {

using commit::ByteReader;
using commit::ByteWriter;

namespace {

constexpr uint8_t kIdle = 1;
constexpr uint8_t kRemoved = 2;
constexpr size_t kPositionBytesMin = 21;
constexpr size_t kSnapshotBytesMin = 40;
constexpr size_t kAssignmentBytes = 24;
constexpr size_t kCommandBytesMin = 8;

void encode_segment(const SegmentName& segment, ByteWriter& to) {
  to.number(segment.number);
  to.number(segment.bytes);
  to.number(segment.footer_crc);
}

SegmentName decode_segment(ByteReader& from) {
  SegmentName segment;
  segment.number = from.number<uint64_t>();
  segment.bytes = from.number<uint64_t>();
  segment.footer_crc = from.number<uint32_t>();
  return segment;
}

template <class T>
Result<T> finished(const ByteReader& from, T body, const char* type) {
  if (from.finished()) return body;
  return Error(ErrorCode::kRingDamaged,
               fmt::format("the body of a {} entry does not have its layout", type));
}

}  // namespace

void encode_position(const commit::SplitPosition& position, ByteWriter& to) {
  const int flags = (position.idle ? kIdle : 0) | (position.removed ? kRemoved : 0);
  to.number(static_cast<uint8_t>(flags));
  to.number(position.watermark_us);
  to.bytes(position.source);
  to.bytes(position.split);
  to.bytes(position.position);
}

commit::SplitPosition decode_position(ByteReader& from) {
  commit::SplitPosition position;
  const auto flags = from.number<uint8_t>();
  position.idle = (flags & kIdle) != 0;
  position.removed = (flags & kRemoved) != 0;
  position.watermark_us = from.number<int64_t>();
  position.source = from.bytes();
  position.split = from.bytes();
  position.position = from.bytes();
  return position;
}

Buffer encode(const StageRefBody& body) {
  ByteWriter to;
  encode_segment(body.segment, to);
  to.number(uint32_t{0});
  to.number(body.first_sequence);
  to.number(body.last_sequence);
  return to.buffer();
}

Result<StageRefBody> decode_stage_ref(std::string_view text) {
  ByteReader from(text);
  StageRefBody body;
  body.segment = decode_segment(from);
  from.number<uint32_t>();
  body.first_sequence = from.number<uint64_t>();
  body.last_sequence = from.number<uint64_t>();
  return finished(from, body, "stage_ref");
}

Buffer encode(const CommitBody& body) {
  ByteWriter to;
  to.number(body.tick.value());
  to.number(static_cast<uint32_t>(body.positions.splits.size()));
  for (const commit::SplitPosition& position : body.positions.splits) {
    encode_position(position, to);
  }
  to.number(static_cast<uint32_t>(body.snapshots.size()));
  for (const AdoptedSnapshot& snapshot : body.snapshots) {
    encode_segment(snapshot.segment, to);
    to.number(snapshot.task.value());
    to.number(snapshot.begun.value());
    to.number(static_cast<uint32_t>(snapshot.replaces.size()));
    for (const commit::TaskId task : snapshot.replaces) to.number(task.value());
  }
  to.number(static_cast<uint32_t>(body.assignments.size()));
  for (const Assignment& assignment : body.assignments) {
    to.number(assignment.partition.topic.value());
    to.number(assignment.partition.index);
    to.number(assignment.records);
    to.number(assignment.base_offset);
  }
  return to.buffer();
}

Result<CommitBody> decode_commit(std::string_view text) {
  ByteReader from(text);
  CommitBody body;
  body.tick = commit::Tick(from.number<int64_t>());
  for (auto left = from.count(kPositionBytesMin); left > 0; --left) {
    body.positions.splits.push_back(decode_position(from));
  }
  for (auto left = from.count(kSnapshotBytesMin); left > 0; --left) {
    AdoptedSnapshot snapshot;
    snapshot.segment = decode_segment(from);
    snapshot.task = commit::TaskId(from.number<uint64_t>());
    snapshot.begun = commit::Epoch(from.number<uint64_t>());
    for (auto tasks = from.count(sizeof(uint64_t)); tasks > 0; --tasks) {
      snapshot.replaces.emplace_back(from.number<uint64_t>());
    }
    body.snapshots.push_back(std::move(snapshot));
  }
  for (auto left = from.count(kAssignmentBytes); left > 0; --left) {
    Assignment assignment;
    assignment.partition.topic = commit::TopicId(from.number<uint64_t>());
    assignment.partition.index = from.number<uint32_t>();
    assignment.records = from.number<uint32_t>();
    assignment.base_offset = from.number<int64_t>();
    body.assignments.push_back(assignment);
  }
  return finished(from, std::move(body), "commit");
}

Buffer encode(const SettledBody& body) {
  ByteWriter to;
  to.number(body.settled.value());
  to.number(body.checkpoint_generation);
  to.number(body.checkpoint_crc);
  to.number(uint32_t{0});
  return to.buffer();
}

Result<SettledBody> decode_settled(std::string_view text) {
  ByteReader from(text);
  SettledBody body;
  body.settled = commit::Lsn(from.number<uint64_t>());
  body.checkpoint_generation = from.number<uint64_t>();
  body.checkpoint_crc = from.number<uint32_t>();
  from.number<uint32_t>();
  return finished(from, body, "settled");
}

Buffer encode(const std::vector<commit::Command>& commands) {
  ByteWriter to;
  to.number(static_cast<uint32_t>(commands.size()));
  for (const commit::Command& command : commands) {
    to.bytes(command.machine);
    to.bytes(command.body);
  }
  return to.buffer();
}

Result<std::vector<commit::Command>> decode_meta(std::string_view text) {
  ByteReader from(text);
  std::vector<commit::Command> commands;
  for (auto left = from.count(kCommandBytesMin); left > 0; --left) {
    commit::Command command;
    command.machine = from.bytes();
    command.body = from.bytes();
    commands.push_back(std::move(command));
  }
  return finished(from, std::move(commands), "meta");
}

}  // namespace millrace::log
