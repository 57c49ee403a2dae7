// The other side of benches/peer.rs: answers profiles and areas with crc-covlib, and says how long that took.
// Nothing of crc-covlib is in here but calls to it. docs/benchmarks.md tells how to build it.
//
//   crc_covlib_peer profiles REPEATS < in    one P.1812 loss per profile
//   crc_covlib_peer area < in                one P.1812 loss per pixel
//
// Input is numbers in text. The first line of output is the CPU time in seconds, then one loss a line, dB.

#include "CRC-COVLIB.h"
#include "ITURP_1812.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

using namespace Crc::Covlib;

static double number() {
    double value = 0;
    if (std::scanf("%lf", &value) != 1) {
        std::fprintf(stderr, "input ends too early\n");
        std::exit(2);
    }
    return value;
}

static double cpu_s() {
    timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

// GHz, time %, heights m, both ends' latitude and longitude, delta N, N0, profiles, points; then per profile its
// step in km and height and clutter of each point in m.
static int profiles(int repeats) {
    const double ghz = number(), time = number(), tx_m = number(), rx_m = number();
    const double tx_lat = number(), tx_lon = number(), rx_lat = number(), rx_lon = number();
    const double delta_n = number(), n0 = number();
    const int count = (int)number(), points = (int)number();
    std::vector<double> km(count * points), height(count * points), clutter(count * points);
    for (int i = 0; i < count; i++) {
        const double step_km = number();
        for (int k = 0; k < points; k++) {
            km[i * points + k] = k * step_km;
            height[i * points + k] = number();
            clutter[i * points + k] = number();
        }
    }
    ITURP_1812 model;
    std::vector<double> loss(count);
    double best = 1e300;
    for (int r = 0; r < repeats; r++) {
        const double start = cpu_s();
        for (int i = 0; i < count; i++) {
            const int at = i * points;
            loss[i] = model.BasicTransmissionloss(ghz, time, 50, tx_lat, tx_lon, rx_lat, rx_lon, tx_m, rx_m, true, points,
                &km[at], &height[at], nullptr, &clutter[at], nullptr, nullptr, ITURP_1812::AUTO, ITURP_1812::AUTO, delta_n, n0);
        }
        const double took = cpu_s() - start;
        best = took < best ? took : best;
    }
    std::printf("%.9f\n", best);
    for (double l : loss) std::printf("%.12g\n", l);
    return 0;
}

// Heights: south, west, north, east of the outer samples' centres, columns, rows, then rows from the south. Then mast:
// latitude, longitude, height m, MHz; pixels: south, west, north, east of the outer centres, columns, rows; receiver m,
// sampling m.
static int area() {
    double box[4];
    for (double& b : box) b = number();
    const int columns = (int)number(), rows = (int)number();
    std::vector<float> height(columns * rows);
    for (float& h : height) h = (float)number();
    ISimulation* sim = NewSimulation();
    sim->SetPrimaryTerrainElevDataSource(TERR_ELEV_CUSTOM);
    sim->SetTerrainElevDataSourceSamplingMethod(TERR_ELEV_CUSTOM, BILINEAR_INTERPOLATION);
    sim->AddCustomTerrainElevData(box[0], box[1], box[2], box[3], columns, rows, height.data());
    const double lat = number(), lon = number();
    sim->SetTransmitterLocation(lat, lon);
    sim->SetTransmitterHeight(number());
    sim->SetTransmitterFrequency(number());
    for (double& b : box) b = number();
    const int across = (int)number(), down = (int)number();
    sim->SetReceptionAreaCorners(box[0], box[1], box[2], box[3]);
    sim->SetReceptionAreaNumHorizontalPoints(across);
    sim->SetReceptionAreaNumVerticalPoints(down);
    sim->SetReceiverHeightAboveGround(number());
    sim->SetTerrainElevDataSamplingResolution(number());
    sim->SetTransmitterPolarization(VERTICAL_POL);
    sim->SetPropagationModel(ITU_R_P_1812);
    sim->SetITURP1812TimePercentage(50);
    sim->SetITURP1812LocationPercentage(50);
    sim->SetITURP1812AverageRadioRefractivityLapseRate(45);
    sim->SetITURP1812SeaLevelSurfaceRefractivity(325);
    sim->SetITURP1812SurfaceProfileMethod(P1812_ADD_REPR_CLUTTER_HEIGHT);
    sim->SetPrimaryLandCoverDataSource(LAND_COVER_NONE);
    sim->SetResultType(PATH_LOSS_DB);
    const double start = cpu_s();
    sim->GenerateReceptionAreaResults();
    std::printf("%.9f\n", cpu_s() - start);
    for (int y = down - 1; y >= 0; y--)
        for (int x = 0; x < across; x++) std::printf("%.9g\n", sim->GetReceptionAreaResultValue(x, y));
    sim->Release();
    return 0;
}

int main(int argc, char* argv[]) {
    if (argc == 3 && !std::strcmp(argv[1], "profiles")) return profiles(std::atoi(argv[2]));
    if (argc == 2 && !std::strcmp(argv[1], "area")) return area();
    std::fprintf(stderr, "usage: %s profiles REPEATS | area\n", argv[0]);
    return 2;
}
