#include "cli/kafka_client/log_dirs.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/endian.h"
#include "kafka/message.h"
#include "kafka/messages/describe_log_dirs.h"
#include "kafka/request_header.h"

namespace millrace::cli {
namespace {

using Request = kafka::DescribeLogDirsRequest;
using Response = kafka::DescribeLogDirsResponse;

// The oldest that servers of today take, with headers of fixed lengths.
constexpr int16_t kVersion = 1;
constexpr int64_t kPatienceNs = 2 * io::kNsPerSecond;
constexpr size_t kBlockBytes = 64 << 10;
constexpr size_t kAnswerBytesMax = 64 << 20;
constexpr size_t kLengthBytes = 4;
constexpr size_t kHeaderBytes = kLengthBytes + 4;  // and the correlation id

// Asker: one question to one server. Lives on the loop; `done` is set at the end, whatever came.
class Asker {
 public:
  Asker(io::Network& network, io::Loop& loop) : network_(network), loop_(loop) {}

  // On the loop.
  void ask(const io::Address& address, std::vector<Buffer> request) {
    loop_.post_at(loop_.now() + kPatienceNs, [this] { finish(); });
    network_.connect(address, loop_, [this, request = std::move(request)](auto stream) mutable {
      if (!stream) return finish();
      stream_ = *std::move(stream);
      stream_->write(std::move(request), [this](const Result<void>& written) {
        if (!written) finish();
      });
      read();
    });
  }

  io::Notification& done() { return done_; }
  // Empty: none came.
  const std::string& answer() const { return answer_; }

 private:
  void finish() {
    if (!std::exchange(finished_, true)) done_.set();
  }

  bool whole() const {
    if (answer_.size() < kHeaderBytes) return false;
    return answer_.size() >= kLengthBytes + load_be<uint32_t>(answer_.data());
  }

  void read() {
    stream_->read(std::as_writable_bytes(std::span(block_)), [this](const Result<size_t>& bytes) {
      if (!bytes || *bytes == 0 || answer_.size() > kAnswerBytesMax) {
        answer_.clear();
        return finish();
      }
      answer_.append(block_.data(), *bytes);
      if (whole()) return finish();
      read();
    });
  }

  io::Network& network_;
  io::Loop& loop_;
  io::StreamPtr stream_;
  std::vector<char> block_ = std::vector<char>(kBlockBytes);
  std::string answer_;
  bool finished_ = false;
  io::Notification done_;
};

Result<Response> ask(io::World world, const io::Address& address, const Request& request) {
  auto loop = world.network.start_loop({.name = "log_dirs"});
  Asker asker(world.network, *loop);
  auto frame = kafka::write_request(
      {.api_key = Request::kKey, .version = kVersion, .correlation_id = 1, .client_id = "millrace"},
      kafka::encode(request, kVersion));
  loop->post([&asker, &address, frame = std::move(frame)]() mutable {
    asker.ask(address, std::move(frame));
  });
  world.threads.wait(asker.done());
  loop.reset();
  const std::string& answer = asker.answer();
  if (answer.size() < kHeaderBytes) {
    return Error(ErrorCode::kTimedOut, "there was no answer").at(address.to_string());
  }
  return kafka::decode<Response>(Buffer::copy_of(std::string_view(answer).substr(kHeaderBytes)),
                                 kVersion);
}

bool is_plain(const ClientOptions& client) {
  return std::ranges::none_of(client.settings, [](const auto& setting) {
    return setting.first == "security.protocol" && setting.second != "plaintext" &&
           setting.second != "PLAINTEXT";
  });
}

}  // namespace

std::map<TopicPartition, int64_t> partition_sizes(io::World world, const ClientOptions& client,
                                                  const Cluster& cluster, const KnownTopic& topic) {
  std::map<TopicPartition, int64_t> sizes;
  if (!is_plain(client)) return sizes;
  for (const KnownBroker& broker : cluster.brokers) {
    Request::Topic wanted{.name = topic.name, .partitions = {}};
    for (const KnownPartition& partition : topic.partitions) {
      if (partition.leader == broker.id) wanted.partitions.push_back(partition.index);
    }
    if (wanted.partitions.empty()) continue;
    const std::set<int32_t> led(wanted.partitions.begin(), wanted.partitions.end());
    const auto response =
        ask(world, {broker.host, broker.port}, {.topics = std::vector{std::move(wanted)}});
    if (!response) continue;
    for (const Response::Folder& folder : response->dirs) {
      for (const Response::Topic& told : folder.topics) {
        for (const Response::Partition& partition : told.partitions) {
          if (partition.is_future || !led.contains(partition.index)) continue;
          sizes[{told.name, partition.index}] = partition.size;
        }
      }
    }
  }
  return sizes;
}

}  // namespace millrace::cli
