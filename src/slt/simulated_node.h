#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/simulated_world.h"
#include "node/node.h"
#include "session/session.h"
#include "slt/script.h"
#include "slt/stream_changes.h"
#include "slt/test_world.h"

namespace millrace::slt {

// SimulatedNode: a node in a simulated world of its own, its session and its continuous queries:
// its time and its crashes are driven by hand.
//
// Threading:  confined to the thread that made it.
// Order:      start; crash and restore in turn; between them everything fails with kUnavailable.
// Failure:    what the node and its session say.
class SimulatedNode {
 public:
  SimulatedNode(const TestWorld& world, uint64_t seed);
  ~SimulatedNode();
  SimulatedNode(const SimulatedNode&) = delete;
  SimulatedNode& operator=(const SimulatedNode&) = delete;

  Result<void> start();
  // Statements to their end; the rows that they print. `place` is file:line of the text.
  Result<Lines> execute(const std::string& sql, const std::string& file_name);
  // A statement that runs on; SELECT is taken as SUBSCRIBE.
  Result<void> launch(const std::string& name, const std::string& sql,
                      const std::string& file_name);
  Result<void> stop(const std::string& name);
  // What a stream has told; it may have ended by itself, but not with an error.
  Result<StreamChanges*> changes(const std::string& name);
  // What a stream ended with; nullopt: it runs, or ended well. Failure: there is no such stream.
  Result<std::optional<Error>> failure_of(const std::string& name);
  Result<void> write_file(const std::string& path, const Lines& lines);

  // Everything that was pushed is processed and committed.
  Result<void> settle();
  // The world's time passes.
  Result<void> advance(int64_t us);
  // Power loss after so much time: what was not synced is gone, or torn.
  Result<void> crash(int64_t after_ns);
  // A new node on what is left; streams go on where they had committed.
  Result<void> restore();
  // A number that the seed draws.
  uint64_t draw(uint64_t bound) { return simulation_.random().below(bound); }

 private:
  struct Stream {
    std::string name;
    std::string sql;
    std::string file_name;
    StreamChanges changes;
    std::unique_ptr<session::ContinuousQuery> query;  // null: stopped, or the node is down
    bool stopped = false;
  };

  Result<void> open();
  Result<void> resume(Stream& stream);
  Result<void> require_up() const;
  Stream* find(const std::string& name);
  void shut_down();
  // How far all streams are.
  std::vector<uint64_t> marks() const;

  const TestWorld options_;
  io::SimulatedWorld simulation_;
  std::unique_ptr<io::Executor> watchdog_;
  std::unique_ptr<node::Node> node_;
  std::unique_ptr<session::Session> session_;
  Lines session_statements_;  // SET, USE, temporary tables: a new session needs them again
  std::vector<std::unique_ptr<Stream>> streams_;
  uint64_t statements_ = 0;
  bool crashing_ = false;
  std::optional<Error> fatal_;
};

}  // namespace millrace::slt
