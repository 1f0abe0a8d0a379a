#include "connectors/print/print.h"

#include <deque>

#include "data/value.h"

namespace millrace::connectors {
namespace {

class PrintSink final : public engine::Sink {
 public:
  PrintSink(std::string prefix, const std::function<void(std::string_view)>& print)
      : prefix_(std::move(prefix)), print_(print) {}

  Result<void> open(engine::OpenContext&) override { return {}; }
  Result<engine::Step> on_batch(data::Batch batch, engine::Staging&) override {
    batch.for_each_row([&](uint32_t row) { append_line(batch, row); });
    return engine::Step::kDone;
  }
  Result<engine::Step> on_barrier(commit::Epoch epoch, engine::Staging&) override {
    if (!open_.empty()) waiting_.emplace_back(epoch, std::exchange(open_, {}));
    return engine::Step::kDone;
  }
  Result<engine::Step> resume(engine::Staging&) override { return engine::Step::kDone; }
  Result<void> committed(commit::Epoch epoch) override {
    for (; !waiting_.empty() && waiting_.front().first <= epoch; waiting_.pop_front()) {
      print_(waiting_.front().second);
    }
    return {};
  }

 private:
  void append_line(const data::Batch& batch, uint32_t row) {
    open_ += prefix_;
    open_ += data::to_string(batch.sign(row));
    for (size_t index = 0; index < batch.columns().size(); ++index) {
      open_ += index == 0 ? "[" : ", ";
      const data::Column& column = *batch.column(index);
      open_ += data::to_string(column.value(row), column.type());
    }
    open_ += "]\n";
  }

  const std::string prefix_;
  const std::function<void(std::string_view)>& print_;
  std::string open_;  // lines of the epoch that is under way
  std::deque<std::pair<commit::Epoch, std::string>> waiting_;  // staged, not committed
};

constexpr traits::OptionSpec kOptions[] = {
    {.name = "print-identifier", .documentation = "Written before every line, with '> '."},
};

class PrintConnector final : public Connector {
 public:
  const traits::ConnectorTraits& traits() const override {
    static const traits::ConnectorTraits kTraits = {
        .name = "print",
        .summary = "Writes a line per change to the screen.",
        .sink = {.inserts = true, .changes = true},
        .options = kOptions,
    };
    return kTraits;
  }
  Result<std::unique_ptr<engine::Sink>> sink(const SinkRequest& request,
                                             Outside& outside) const override {
    std::string prefix;
    if (request.options.has("print-identifier")) {
      prefix = request.options.text("print-identifier") + "> ";
    }
    return std::make_unique<PrintSink>(std::move(prefix), outside.print);
  }
};

}  // namespace

const Connector& print_connector() {
  static const PrintConnector kConnector;
  return kConnector;
}

}  // namespace millrace::connectors
