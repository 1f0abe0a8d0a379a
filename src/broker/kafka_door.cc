#include "broker/kafka_door.h"

#include <mutex>
#include <unordered_map>
#include <utility>

namespace millrace::broker {
namespace {

bool is_any(const std::string& host) {
  return host.empty() || host == "0.0.0.0" || host == "::";
}

}  // namespace

// The connections that there are. Synchronised inside.
class KafkaDoor::Guests : public std::enable_shared_from_this<KafkaDoor::Guests> {
 public:
  Guests(Parts parts, DoorOptions options)
      : parts_(std::move(parts)), options_(std::move(options)) {}

  void welcome(io::StreamPtr stream, io::Loop& loop) {
    if (parts_.rates != nullptr) {
      const int64_t ns = parts_.rates->wait_ns(stream->peer().host);
      if (ns > 0) return turn_away(std::move(stream), loop, ns);
    }
    Endpoint endpoint = endpoint_of(*stream);
    auto connection = std::make_shared<Connection>(
        std::move(stream), Connection::Parts{.dispatcher = parts_.dispatcher,
                                             .loop = loop,
                                             .endpoint = std::move(endpoint),
                                             .limits = options_.limits,
                                             .account = parts_.account,
                                             .traffic = parts_.traffic,
                                             .on_end = [guests = weak_from_this()](
                                                           Connection& ended, const auto& why) {
                                               if (const auto self = guests.lock())
                                                 self->leave(ended, why);
                                             }});
    {
      const std::lock_guard lock(mutex_);
      // Too many: it is closed without a word.
      if (closed_ || connections_.size() >= options_.connections_max) return;
      const auto host = hosts_.try_emplace(connection->peer(), 0).first;
      if (host->second >= options_.connections_per_host_max) return;
      ++host->second;
      connections_.emplace(connection.get(), Guest{connection, &loop});
    }
    connection->start();
  }

  // Kept for a while, without a word, then closed.
  void turn_away(io::StreamPtr stream, io::Loop& loop, int64_t ns) {
    const std::lock_guard lock(mutex_);
    if (closed_ || connections_.size() + turned_away_ >= options_.connections_max) return;
    ++turned_away_;
    loop.post_at(loop.now() + ns, [weak = weak_from_this(), stream = std::move(stream)]() mutable {
      stream.reset();
      const auto self = weak.lock();
      if (self == nullptr) return;
      const std::lock_guard own(self->mutex_);
      --self->turned_away_;
    });
  }

  void close() {
    for_each([](Connection& connection) { connection.end(std::nullopt); });
  }
  void finish() {
    for_each([](Connection& connection) { connection.finish(); });
  }

  size_t size() const {
    const std::lock_guard lock(mutex_);
    return connections_.size();
  }

 private:
  struct Guest {
    std::shared_ptr<Connection> connection;
    io::Executor* loop;
  };

  // On their loops; there will be no others.
  void for_each(void (*act)(Connection&)) {
    std::vector<Guest> all;
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      for (auto& [key, guest] : connections_) all.push_back(guest);
    }
    // A connection belongs to its loop: no other thread may be the last to hold it.
    for (Guest& guest : all) {
      guest.loop->post([act, held = std::move(guest.connection)] { act(*held); });
    }
  }

  Endpoint endpoint_of(const io::Stream& stream) const {
    const io::Address local = stream.local();
    if (options_.advertised) {
      const uint16_t port = options_.advertised->port;
      return {options_.advertised->host, port == 0 ? local.port : port};
    }
    // As the client itself has reached us.
    return {is_any(options_.listen.host) ? local.host : options_.listen.host, local.port};
  }

  void leave(Connection& ended, const std::optional<Error>& why) {
    std::shared_ptr<Connection> last;
    {
      const std::lock_guard lock(mutex_);
      const auto found = connections_.find(&ended);
      if (found == connections_.end()) return;
      last = std::move(found->second.connection);
      connections_.erase(found);
      const auto host = hosts_.find(ended.peer());
      if (--host->second == 0) hosts_.erase(host);
    }
    if (why && parts_.on_problem) parts_.on_problem(ended.peer(), *why);
  }

  const Parts parts_;
  const DoorOptions options_;
  mutable std::mutex mutex_;
  bool closed_ = false;
  std::unordered_map<Connection*, Guest> connections_;
  std::unordered_map<std::string, size_t> hosts_;  // how many of each
  size_t turned_away_ = 0;                         // streams that are kept for a while
};

Result<std::unique_ptr<KafkaDoor>> KafkaDoor::open(Parts parts, DoorOptions options) {
  const io::Address address = options.listen;
  auto guests = std::make_shared<Guests>(parts, std::move(options));
  auto listener = MILLRACE_TRY(
      parts.network.listen(address, parts.loops, [guests](io::StreamPtr stream, io::Loop& loop) {
        guests->welcome(std::move(stream), loop);
      }));
  return std::unique_ptr<KafkaDoor>(
      new KafkaDoor(std::move(parts), std::move(guests), std::move(listener)));
}

KafkaDoor::KafkaDoor(Parts parts, std::shared_ptr<Guests> guests,
                     std::unique_ptr<io::Listener> listener)
    : parts_(std::move(parts)), guests_(std::move(guests)), listener_(std::move(listener)) {}

KafkaDoor::~KafkaDoor() {
  listener_.reset();
  guests_->close();
}

void KafkaDoor::finish() {
  listener_.reset();
  guests_->finish();
}

size_t KafkaDoor::connections() const {
  return guests_->size();
}

}  // namespace millrace::broker
