#include "http/server.h"

#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "http/response_writer.h"

namespace millrace::http {
namespace {

constexpr size_t kBlockBytes = 16 << 10;

}  // namespace

// The connections that there are. Synchronised inside.
class Server::Guests : public std::enable_shared_from_this<Server::Guests> {
 public:
  Guests(const Router& router, ServerOptions options)
      : router_(router), options_(std::move(options)) {}

  void welcome(io::StreamPtr stream, io::Executor& loop);
  void close();

 private:
  class Connection;
  const Router& router_;
  const ServerOptions options_;
  std::mutex mutex_;
  bool closed_ = false;
  std::set<std::shared_ptr<Connection>> connections_;
};

// Confined to its loop.
class Server::Guests::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Guests> guests, io::StreamPtr stream, io::Executor& loop)
      : guests_(std::move(guests)),
        stream_(std::move(stream)),
        loop_(loop),
        parser_(guests_->options_.limits),
        last_received_(loop.now()) {}

  io::Executor& loop() { return loop_; }

  void start() {
    watch_idleness();
    read();
  }

  void end() {
    if (std::exchange(ended_, true)) return;
    stream_->close();
    const std::lock_guard lock(guests_->mutex_);
    guests_->connections_.erase(shared_from_this());
  }

 private:
  void watch_idleness() {
    const int64_t most = guests_->options_.idle_ns_max;
    loop_.post_at(last_received_ + most, [weak = weak_from_this(), most] {
      const auto self = weak.lock();
      if (self == nullptr || self->ended_) return;
      if (self->loop_.now() - self->last_received_ >= most) return self->end();
      self->watch_idleness();
    });
  }

  void read() {
    stream_->read(block_, [self = shared_from_this()](Result<size_t> got) {
      if (self->ended_) return;
      if (!got || *got == 0) return self->end();
      self->last_received_ = self->loop_.now();
      const auto* text = reinterpret_cast<const char*>(self->block_.data());
      self->parser_.put({text, *got});
      self->answer();
    });
  }

  // Everything that has come whole, in one write; one request after another.
  void answer() {
    answering_ = true;
    while (!last_ && !asked_) {
      auto request = parser_.next();
      if (!request) {
        answers_ += write_response(error_response(parser_.status(), request.error().message()),
                                   false, false);
        last_ = true;
      } else if (!*request) {
        break;
      } else {
        ask(**request);
      }
    }
    answering_ = false;
    if (asked_) return;
    if (answers_.empty()) return read();
    const auto answers = Buffer::copy_of(std::exchange(answers_, {}));
    stream_->write({answers}, [self = shared_from_this()](auto written) {
      if (self->ended_) return;
      if (self->last_ || !written) return self->end();
      self->read();
    });
  }

  void ask(const Request& request) {
    asked_ = true;
    const bool head = request.method == "HEAD";
    guests_->router_.handle(
        request, loop_,
        [weak = weak_from_this(), keep_alive = request.keep_alive, head](const Response& response) {
          const auto self = weak.lock();
          if (self == nullptr || self->ended_) return;
          self->answers_ += write_response(response, keep_alive, head);
          self->last_ = !keep_alive;
          self->asked_ = false;
          if (!self->answering_) self->answer();
        });
  }

  const std::shared_ptr<Guests> guests_;
  io::StreamPtr stream_;
  io::Executor& loop_;
  RequestParser parser_;
  io::MonotonicTime last_received_;
  std::vector<std::byte> block_ = std::vector<std::byte>(kBlockBytes);
  std::string answers_;     // to be written together
  bool asked_ = false;      // a handler has not answered yet
  bool answering_ = false;  // answer() runs
  bool last_ = false;       // nothing more is answered
  bool ended_ = false;
};

void Server::Guests::welcome(io::StreamPtr stream, io::Executor& loop) {
  auto connection = std::make_shared<Connection>(shared_from_this(), std::move(stream), loop);
  {
    const std::lock_guard lock(mutex_);
    // Too many: it is closed without a word.
    if (closed_ || connections_.size() >= options_.connections_max) return;
    connections_.insert(connection);
  }
  connection->start();
}

void Server::Guests::close() {
  std::set<std::shared_ptr<Connection>> all;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    all = connections_;
  }
  // A connection belongs to its loop: no other thread may be the last to hold it.
  while (!all.empty()) {
    auto held = std::move(all.extract(all.begin()).value());
    io::Executor& loop = held->loop();
    loop.post([connection = std::move(held)] { connection->end(); });
  }
}

Result<std::unique_ptr<Server>> Server::open(io::Network& network, std::vector<io::Loop*> loops,
                                             const Router& router, ServerOptions options) {
  const io::Address address = options.listen;
  auto guests = std::make_shared<Guests>(router, std::move(options));
  auto listener = MILLRACE_TRY(
      network.listen(address, std::move(loops), [guests](io::StreamPtr stream, io::Executor& loop) {
        guests->welcome(std::move(stream), loop);
      }));
  return std::unique_ptr<Server>(new Server(std::move(guests), std::move(listener)));
}

Server::Server(std::shared_ptr<Guests> guests, std::unique_ptr<io::Listener> listener)
    : guests_(std::move(guests)), listener_(std::move(listener)) {}

Server::~Server() {
  listener_.reset();
  guests_->close();
}

}  // namespace millrace::http
