#pragma once

#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "io/network/simulated_connection.h"

namespace millrace::io {

// SimulatedStream: one end of a connection.
class SimulatedStream final : public Stream {
 public:
  SimulatedStream(std::shared_ptr<SimulatedConnection> connection, Side side);
  ~SimulatedStream() override;
  SimulatedStream(const SimulatedStream&) = delete;
  SimulatedStream& operator=(const SimulatedStream&) = delete;

  void read(std::span<std::byte> into, Completion<Result<size_t>> done) override;
  void write(std::vector<Buffer> chain, Completion<Result<void>> done) override;
  void shutdown() override;
  void close() override;
  Address local() const override { return connection_->address(side_); }
  Address peer() const override {
    return connection_->address(side_ == Side::kClient ? Side::kServer : Side::kClient);
  }

  // Tries again.
  void ready();
  // The loop has ended: drops what waits. May destroy the stream.
  void abandon();

 private:
  struct Write {
    std::vector<Buffer> chain;
    size_t part = 0;
    size_t offset = 0;
    int64_t extra_ns = 0;
    Completion<Result<void>> done;
  };
  void try_read();
  void try_write();
  // Whether all of the front is on its way.
  bool send(Write& front);
  template <class T>
  void answer(Completion<Result<T>> done, Result<T> result);
  // How much longer than usual the call takes.
  int64_t enter(NetworkCall call, size_t bytes);

  const std::shared_ptr<SimulatedConnection> connection_;
  const Side side_;
  // Shared with the tasks that answer: they do nothing without it.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::span<std::byte> read_into_;
  Completion<Result<size_t>> read_done_;
  bool read_late_ = false;  // a slow reader has not come to it yet
  std::deque<Write> writes_;
  bool shut_down_ = false;
  bool end_sent_ = false;
  bool closed_ = false;
};

}  // namespace millrace::io
