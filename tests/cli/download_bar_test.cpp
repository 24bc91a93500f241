#include "download_bar.hpp"

#include <gtest/gtest.h>

namespace inference_exp::cli {
namespace {

using namespace std::chrono_literals;
using Clock = DownloadState::Clock;
using Phase = DownloadProgress::Phase;

constexpr std::uint64_t kMega = 1'000'000;
constexpr Clock::time_point kStart{};

DownloadProgress progress(std::size_t index, std::size_t count, std::uint64_t done, std::uint64_t total,
                          Phase phase = Phase::download) {
  return {"file" + std::to_string(index), index, count, phase, done, total};
}

TEST(DownloadLine, ShowsBytesSpeedAndWhatIsLeft) {
  DownloadState state;
  state.add(progress(0, 1, 0, 60 * kMega), kStart);
  state.add(progress(0, 1, 10 * kMega, 60 * kMega), kStart + 2s);
  EXPECT_EQ(state.line(kStart + 2s, 100), "file0  10.00 MB of 60.00 MB  5.00 MB/s  0:10 left");
}

TEST(DownloadLine, AddsUpTheFilesOfAPackage) {
  DownloadState state;
  state.add(progress(0, 2, 0, 10 * kMega), kStart);
  EXPECT_EQ(state.line(kStart, 100), "file0  0.00 MB") << "the second file's size is not known yet";
  state.add(progress(1, 2, 0, 30 * kMega), kStart);
  state.add(progress(0, 2, 10 * kMega, 10 * kMega, Phase::done), kStart + 1s);
  state.add(progress(1, 2, 10 * kMega, 30 * kMega), kStart + 1s);
  EXPECT_EQ(state.line(kStart + 1s, 100), "file1  20.00 MB of 40.00 MB  20.00 MB/s  0:01 left");
}

TEST(DownloadLine, WhatWasThereBeforeIsNotSpeed) {
  DownloadState state;
  state.add(progress(0, 1, 50 * kMega, 60 * kMega), kStart);
  state.add(progress(0, 1, 55 * kMega, 60 * kMega), kStart + 5s);
  EXPECT_EQ(state.line(kStart + 5s, 100), "file0  55.00 MB of 60.00 MB  1.00 MB/s  0:05 left");
}

TEST(DownloadLine, AFileBeingCheckedIsComplete) {
  DownloadState state;
  state.add(progress(0, 1, 60 * kMega, 60 * kMega), kStart);
  state.add(progress(0, 1, 1 * kMega, 60 * kMega, Phase::verify), kStart + 1s);
  EXPECT_EQ(state.line(kStart + 1s, 100), "file0 (checking)  60.00 MB of 60.00 MB");
}

TEST(DownloadLine, DoesWithoutATotal) {
  DownloadState state;
  state.add(progress(0, 1, 0, 0), kStart);
  state.add(progress(0, 1, 4 * kMega, 0), kStart + 2s);
  EXPECT_EQ(state.line(kStart + 2s, 100), "file0  4.00 MB  2.00 MB/s");
}

TEST(DownloadLine, LongTimesHaveHours) {
  DownloadState state;
  state.add(progress(0, 1, 0, 3'724 * kMega), kStart);
  state.add(progress(0, 1, 1 * kMega, 3'724 * kMega), kStart + 1s);
  EXPECT_EQ(state.line(kStart + 1s, 100), "file0  1.00 MB of 3.72 GB  1.00 MB/s  1:02:03 left");
}

TEST(DownloadLine, IsCutToTheTerminal) {
  DownloadState state;
  state.add(progress(0, 1, 0, 60 * kMega), kStart);
  EXPECT_EQ(state.line(kStart, 10), "file0  0.0");
}

}  // namespace
}  // namespace inference_exp::cli
