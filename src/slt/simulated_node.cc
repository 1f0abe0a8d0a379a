#include "slt/simulated_node.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "slt/row_lines.h"

namespace millrace::slt {
namespace {

constexpr uint64_t kRingBytes = uint64_t{1} << 20;
// More than an epoch's interval and the ticks of its sources.
constexpr int64_t kRoundUs = 1'000'000;
constexpr int kRoundsMax = 2'000;
// A statement that takes longer in simulated time would never end.
constexpr int64_t kStatementUs = 600'000'000;
// Tasks after a crash of the disk: what was synced before is still told.
constexpr int kLastTasksMax = 100'000;

// Whether the text begins with these words, in any case.
bool begins_with(std::string_view text, std::string_view words) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
    text.remove_prefix(1);
  }
  return text.size() >= words.size() &&
         std::ranges::equal(words, text.substr(0, words.size()), {}, {}, [](char letter) {
           return static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
         });
}

bool is_of_the_session(std::string_view sql) {
  constexpr auto kWords = std::to_array<std::string_view>(
      {"SET ", "RESET ", "USE ", "CREATE TEMPORARY ", "DROP TEMPORARY "});
  return std::ranges::any_of(kWords, [&](auto words) { return begins_with(sql, words); });
}

}  // namespace

SimulatedNode::SimulatedNode(const TestWorld& world, uint64_t seed)
    : options_(world), simulation_({.seed = seed, .threads = {}}) {
  watchdog_ = simulation_.threads().start({.name = "watchdog"});
}

SimulatedNode::~SimulatedNode() {
  shut_down();
}

Result<void> SimulatedNode::start() {
  return open();
}

Result<void> SimulatedNode::open() {
  fatal_.reset();
  node_ =
      MILLRACE_TRY(node::Node::open(simulation_.world(), {.data_folder = "/data",
                                                          .ring_bytes_max = kRingBytes,
                                                          .workers = options_.workers,
                                                          .print = {},
                                                          .on_fatal = [this](const Error& error) {
                                                            if (!crashing_) fatal_ = error;
                                                          }}));
  session_ = node_->new_session(true);
  for (const auto& [key, value] : options_.settings) MILLRACE_TRY(session_->set(key, value));
  return {};
}

Result<void> SimulatedNode::require_up() const {
  if (fatal_) return *fatal_;
  if (node_ != nullptr) return {};
  return Error(ErrorCode::kUnavailable, "the node has crashed").remedy("restore it first.");
}

Result<Lines> SimulatedNode::execute(const std::string& sql, const std::string& file_name) {
  MILLRACE_TRY(require_up());
  const uint64_t number = ++statements_;
  bool stopped = false;
  watchdog_->post_at(watchdog_->now() + kStatementUs * io::kNsPerUs, [this, number, &stopped] {
    if (number != statements_) return;
    stopped = true;
    session_->request_stop();
  });
  RowLines client;
  const auto result = session_->execute(sql, file_name, client);
  ++statements_;
  MILLRACE_TRY(result);
  if (stopped) {
    return Error(ErrorCode::kEndlessQuery, "the statement did not end")
        .at(file_name)
        .remedy("Let it run on in the background: stream NAME.");
  }
  if (is_of_the_session(sql)) session_statements_.push_back(sql);
  return client.take();
}

Result<void> SimulatedNode::launch(const std::string& name, const std::string& sql,
                                   const std::string& file_name) {
  MILLRACE_TRY(require_up());
  if (find(name) != nullptr) {
    return Error(ErrorCode::kAlreadyExists, fmt::format("there is a stream {} already", name));
  }
  auto stream = std::make_unique<Stream>();
  stream->name = name;
  stream->sql = sql;
  stream->file_name = file_name;
  MILLRACE_TRY(resume(*stream));
  streams_.push_back(std::move(stream));
  return {};
}

Result<void> SimulatedNode::resume(Stream& stream) {
  stream.query = MILLRACE_TRY(
      session_->launch(stream.sql, stream.file_name, "slt." + stream.name, stream.changes));
  stream.changes.set_key(stream.query->key());
  return {};
}

SimulatedNode::Stream* SimulatedNode::find(const std::string& name) {
  const auto found =
      std::ranges::find(streams_, name, [](const auto& stream) { return stream->name; });
  return found == streams_.end() ? nullptr : found->get();
}

Result<void> SimulatedNode::stop(const std::string& name) {
  MILLRACE_TRY(settle());
  Stream* stream = find(name);
  if (stream == nullptr || stream->query == nullptr) {
    return Error(ErrorCode::kUnavailable, fmt::format("no stream {} runs", name));
  }
  stream->query->request_stop();
  const auto summary = stream->query->wait();
  stream->query.reset();
  stream->stopped = true;
  MILLRACE_TRY(summary);
  return {};
}

Result<std::optional<Error>> SimulatedNode::failure_of(const std::string& name) {
  Stream* stream = find(name);
  if (stream == nullptr) {
    return Error(ErrorCode::kUnavailable, fmt::format("there is no stream {}", name));
  }
  if (stream->query == nullptr || !stream->query->ended()) return std::optional<Error>();
  const auto summary = stream->query->wait();
  return summary ? std::optional<Error>() : std::optional(summary.error());
}

Result<StreamChanges*> SimulatedNode::changes(const std::string& name) {
  const std::optional<Error> failure = MILLRACE_TRY(failure_of(name));
  if (failure) return *failure;
  return &find(name)->changes;
}

Result<void> SimulatedNode::write_file(const std::string& path, const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  io::FileSystem& files = simulation_.files();
  if (const auto folder = io::parent_path(path); !folder.empty()) {
    MILLRACE_TRY(files.make_folders(std::string(folder)));
  }
  return io::replace_file(files, path, std::as_bytes(std::span(text)));
}

std::vector<uint64_t> SimulatedNode::marks() const {
  std::vector<uint64_t> marks;
  for (const auto& stream : streams_) {
    if (stream->query == nullptr) continue;
    const session::Progress progress = stream->query->progress();
    marks.insert(marks.end(),
                 {progress.rows_in, progress.rows_out, progress.rows_late, progress.rows_rejected,
                  progress.committed_epoch.value(), static_cast<uint64_t>(progress.watermark)});
  }
  return marks;
}

Result<void> SimulatedNode::settle() {
  MILLRACE_TRY(require_up());
  std::vector<uint64_t> before = marks();
  int quiet = 0;
  for (int round = 0; quiet < 2 && round < kRoundsMax; ++round) {
    simulation_.threads().run_for(kRoundUs * io::kNsPerUs);
    std::vector<uint64_t> now = marks();
    quiet = now == before ? quiet + 1 : 0;
    before = std::move(now);
  }
  return require_up();
}

Result<void> SimulatedNode::advance(int64_t us) {
  MILLRACE_TRY(require_up());
  simulation_.threads().run_for(us * io::kNsPerUs);
  return require_up();
}

void SimulatedNode::shut_down() {
  for (const auto& stream : streams_) stream->query.reset();
  session_.reset();
  node_.reset();
}

Result<void> SimulatedNode::crash(int64_t after_ns) {
  MILLRACE_TRY(require_up());
  io::SimulatedThreads& threads = simulation_.threads();
  threads.run_for(after_ns);
  crashing_ = true;
  simulation_.files().crash(io::CrashMode::kTear);
  for (int step = 0; step < kLastTasksMax && threads.run_one(); ++step) {
  }
  shut_down();
  simulation_.files().recover();
  crashing_ = false;
  return {};
}

Result<void> SimulatedNode::restore() {
  if (node_ != nullptr) {
    return Error(ErrorCode::kUnavailable, "the node runs").remedy("Only a crash needs a restore.");
  }
  MILLRACE_TRY(open());
  for (const std::string& sql : Lines(session_statements_)) {
    RowLines client;
    MILLRACE_TRY(session_->execute(sql, "restore", client));
  }
  for (const auto& stream : streams_) {
    if (!stream->stopped) MILLRACE_TRY(resume(*stream));
  }
  return {};
}

}  // namespace millrace::slt
