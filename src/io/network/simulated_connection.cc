#include "io/network/simulated_connection.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace millrace::io {
namespace {

Error lost() {
  return {ErrorCode::kIoFailed, "the connection was lost"};
}

Error closed() {
  return {ErrorCode::kCancelled, "the connection was closed"};
}

template <class T>
void answer(Executor& executor, Completion<Result<T>> done, Result<T> result) {
  executor.post(
      [done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
}

}  // namespace

void SimulatedNetwork::Connection::read(Pipe& pipe, std::span<std::byte> into,
                                        Completion<Result<size_t>> done) {
  MILLRACE_ASSERT(!pipe.read_done && !into.empty());
  pipe.read_into = into;
  pipe.read_done = std::move(done);
  deliver(pipe);
}

void SimulatedNetwork::Connection::deliver(Pipe& pipe) {
  if (!pipe.read_done || (stalled && !broken)) return;
  if (broken) {
    return answer<size_t>(*pipe.reader, std::exchange(pipe.read_done, nullptr), lost());
  }
  if (pipe.arrived == 0) {
    if (!pipe.ended || !pipe.held.empty()) return;
    return answer<size_t>(*pipe.reader, std::exchange(pipe.read_done, nullptr), size_t{0});
  }
  const size_t most = std::min(pipe.arrived, pipe.read_into.size());
  // Mostly all that is there, sometimes a few bytes.
  const size_t bytes = random.below(4) == 0 ? 1 + random.below(most) : most;
  const auto end = pipe.held.begin() + static_cast<std::ptrdiff_t>(bytes);
  std::copy(pipe.held.begin(), end, pipe.read_into.begin());
  pipe.held.erase(pipe.held.begin(), end);
  pipe.arrived -= bytes;
  trace.note("net.read", id, bytes);
  answer<size_t>(*pipe.reader, std::exchange(pipe.read_done, nullptr), bytes);
  fill(pipe);
}

void SimulatedNetwork::Connection::write(Pipe& pipe, std::vector<Buffer> chain,
                                         Completion<Result<void>> done) {
  if (broken || pipe.reader == nullptr) {
    return answer<void>(*pipe.writer, std::move(done), lost());
  }
  pipe.writes.push_back({.chain = std::move(chain), .done = std::move(done)});
  fill(pipe);
}

void SimulatedNetwork::Connection::fill(Pipe& pipe) {
  size_t sent = 0;
  while (!pipe.writes.empty()) {
    Pipe::Write& write = pipe.writes.front();
    while (write.part < write.chain.size() && pipe.held.size() < options.buffer_bytes) {
      const auto rest = write.chain[write.part].span().subspan(write.offset);
      const size_t bytes = std::min(rest.size(), options.buffer_bytes - pipe.held.size());
      pipe.held.insert(pipe.held.end(), rest.begin(),
                       rest.begin() + static_cast<std::ptrdiff_t>(bytes));
      sent += bytes;
      write.offset += bytes;
      if (bytes < rest.size()) break;
      ++write.part;
      write.offset = 0;
    }
    if (write.part < write.chain.size()) break;
    answer<void>(*pipe.writer, std::move(write.done), {});
    pipe.writes.pop_front();
  }
  if (sent == 0) return;
  const auto delay =
      static_cast<int64_t>(random.below(static_cast<uint64_t>(options.latency_ns_max) + 1));
  pipe.reader->post_at(pipe.reader->now() + delay, [self = shared_from_this(), &pipe, sent] {
    pipe.arrived = std::min(pipe.arrived + sent, pipe.held.size());
    self->deliver(pipe);
  });
}

void SimulatedNetwork::Connection::close(Pipe& out, Pipe& in) {
  for (Pipe::Write& write : out.writes) answer<void>(*out.writer, std::move(write.done), closed());
  out.writes.clear();
  out.ended = true;
  if (out.reader != nullptr) {
    out.reader->post([self = shared_from_this(), &out] { self->deliver(out); });
  }
  if (in.read_done) answer<size_t>(*in.reader, std::exchange(in.read_done, nullptr), closed());
}

void SimulatedNetwork::Connection::abandon(Pipe& in) {
  in.reader = nullptr;
  for (Pipe::Write& write : in.writes) answer<void>(*in.writer, std::move(write.done), lost());
  in.writes.clear();
}

void SimulatedNetwork::Connection::cut() {
  broken = true;
  for (Pipe* pipe : {&to_server, &to_client}) {
    for (Pipe::Write& write : pipe->writes) {
      answer<void>(*pipe->writer, std::move(write.done), lost());
    }
    pipe->writes.clear();
    deliver(*pipe);
  }
}

void SimulatedNetwork::Connection::set_stalled(bool value) {
  stalled = value;
  if (stalled) return;
  deliver(to_server);
  deliver(to_client);
}

SimulatedStream::~SimulatedStream() {
  // Whoever waited is gone.
  in_.read_done = nullptr;
  for (auto& write : out_.writes) write.done = [](Result<void>) {};
  close();
  connection_->abandon(in_);
}

void SimulatedStream::read(std::span<std::byte> into, Completion<Result<size_t>> done) {
  if (closed_) return answer<size_t>(*in_.reader, std::move(done), closed());
  connection_->read(in_, into, std::move(done));
}

void SimulatedStream::write(std::vector<Buffer> chain, Completion<Result<void>> done) {
  if (closed_) return answer<void>(*out_.writer, std::move(done), closed());
  connection_->write(out_, std::move(chain), std::move(done));
}

void SimulatedStream::close() {
  if (std::exchange(closed_, true)) return;
  connection_->close(out_, in_);
}

}  // namespace millrace::io
