#include <stdexcept>
#include <thread>
#include <utility>

#include "cuda_test.hpp"

namespace inference_exp::cuda {
namespace {

using ::testing::Each;

class GraphTest : public CudaTest {
 protected:
  /// What the tests record: from source_ through between_ to target_.
  void enqueue_copies(StreamHandle stream) {
    copy_on_device(between_.address(), source_.address(), 4, stream);
    copy_on_device(target_.address(), between_.address(), 4, stream);
  }

  Graph capture() {
    return Graph::capture(context(), stream_, [this] { enqueue_copies(stream_.handle()); });
  }

  void TearDown() override {}  // the members below are alive until later

  DeviceBuffer source_ = filled(4, 7);
  DeviceBuffer between_ = filled(4, 1);
  DeviceBuffer target_ = filled(4, 2);
  Stream stream_{context()};
  ContextScope current_{context()};
};

TEST_F(GraphTest, RecordsWithoutRunning) {
  const Graph graph = capture();
  EXPECT_FALSE(graph.empty());
  EXPECT_TRUE(Graph().empty());
  stream_.synchronize();
  EXPECT_THAT(bytes_of(target_, 4), Each(2));
}

TEST_F(GraphTest, ReplaysWhatWasRecordedAsOftenAsAsked) {
  const Graph graph = capture();
  for (const int value : {7, 8, 9}) {
    const std::vector<std::byte> bytes(4, std::byte(value));
    copy_to_device(source_.address(), bytes.data(), 4, stream_.handle());
    graph.launch(stream_);
    EXPECT_THAT(bytes_of(target_, 4), Each(value == 7 ? 2 : value - 1));
    stream_.synchronize();
    EXPECT_THAT(bytes_of(target_, 4), Each(value));
  }
}

TEST_F(GraphTest, RunsOnOtherStreamsAndMoves) {
  Graph first = capture();
  Graph graph;
  graph = std::move(first);
  const Graph last(std::move(graph));
  const Stream other(context());
  last.launch(other);
  other.synchronize();
  EXPECT_THAT(bytes_of(target_, 4), Each(7));
}

TEST_F(GraphTest, LeavesNothingBehind) {
  const int alive = stand_in_.live_objects();
  (void)capture();
  EXPECT_EQ(stand_in_.live_objects(), alive);
}

TEST_F(GraphTest, AnExceptionEndsTheCaptureAndPassesThrough) {
  const int alive = stand_in_.live_objects();
  const auto broken = [this] {
    enqueue_copies(stream_.handle());
    throw std::logic_error("stop");
  };
  EXPECT_THROW((void)Graph::capture(context(), stream_, broken), std::logic_error);
  EXPECT_EQ(stand_in_.live_objects(), alive);
  stream_.synchronize();
  EXPECT_THAT(bytes_of(target_, 4), Each(2));
  EXPECT_FALSE(capture().empty());
}

TEST_F(GraphTest, CaptureRefusesToWaitAndToAllocate) {
  const auto waiting = [this] { stream_.synchronize(); };
  const auto allocating = [this] { DeviceBuffer(context()).reserve(1); };
  const auto pinning = [this] { PinnedBuffer(context()).reserve(1); };
  expect_error(kStreamCaptureUnsupported, "cuStreamSynchronize",
               [&] { (void)Graph::capture(context(), stream_, waiting); });
  expect_error(kStreamCaptureUnsupported, "cuMemAlloc", [&] { (void)Graph::capture(context(), stream_, allocating); });
  expect_error(kStreamCaptureUnsupported, "cuMemHostAlloc", [&] { (void)Graph::capture(context(), stream_, pinning); });
  EXPECT_FALSE(capture().empty());
}

TEST_F(GraphTest, CaptureDoesNotDisturbOtherThreads) {
  const Graph graph = Graph::capture(context(), stream_, [this] {
    enqueue_copies(stream_.handle());
    std::thread([this] {
      const ContextScope current(context());
      const Stream own(context());
      DeviceBuffer buffer(context());
      EXPECT_NO_THROW(buffer.reserve(1));
      EXPECT_NO_THROW(own.synchronize());
    }).join();
  });
  graph.launch(stream_);
  stream_.synchronize();
  EXPECT_THAT(bytes_of(target_, 4), Each(7));
}

TEST_F(GraphTest, ReportsWhatFailsAndLeavesTheStreamUsable) {
  expect_reported("cuStreamBeginCapture_v2", [this] { (void)capture(); });
  expect_reported("cuGraphInstantiateWithFlags", [this] { (void)capture(); });
  const Graph graph = capture();
  expect_reported("cuGraphLaunch", [&] { graph.launch(stream_); });
  graph.launch(stream_);
  stream_.synchronize();
  EXPECT_THAT(bytes_of(target_, 4), Each(7));
}

TEST_F(GraphTest, ACaptureThatWasSpoiledIsReportedAtItsEnd) {
  const auto swallowing = [this] { EXPECT_THROW(stream_.synchronize(), Error); };
  expect_error(901, "cuStreamEndCapture", [&] { (void)Graph::capture(context(), stream_, swallowing); });
  EXPECT_FALSE(capture().empty());
}

}  // namespace
}  // namespace inference_exp::cuda
