/**
 * What the embedded ffmpeg can do: what the sources, audio, clip and snapshot nodes ask for, and no more. All of it is
 * LGPL; a filter that is GPL (eq, boxblur, mpdecimate …) is refused by configure.
 */
export const PARTS: Readonly<Record<string, string>> = {
  protocol: "file pipe tcp udp rtp srtp tls http https httpproxy hls crypto data concat cache unix",
  demuxer: [
    "mov matroska avi mpegts mpegps flv ogg nut ivf asf",
    "rtsp rtp sdp hls mjpeg mpjpeg concat",
    "image2 image2pipe image_jpeg_pipe image_png_pipe image_bmp_pipe image_webp_pipe",
    "rawvideo yuv4mpegpipe h264 hevc m4v mpegvideo",
    "wav w64 aiff au mp3 aac flac caf amr pcm_s16le pcm_s16be pcm_f32le pcm_f32be pcm_u8 pcm_alaw pcm_mulaw",
  ].join(" "),
  muxer: [
    "rawvideo nut null image2 image2pipe mjpeg mpjpeg yuv4mpegpipe",
    "mp4 mov matroska webm mpegts avi flv ogg segment stream_segment hls tee fifo",
    "wav flac adts pcm_s16le pcm_f32le h264 hevc rtp rtsp framecrc framemd5 hash md5",
  ].join(" "),
  decoder: [
    "h264 hevc vp8 vp9 mpeg4 mpeg2video mpeg1video h263 flv msmpeg4v2 msmpeg4v3 wmv2 mjpeg mjpegb",
    "png bmp gif webp ffv1 rawvideo wrapped_avframe",
    "aac aac_latm mp3 mp3float mp2float opus vorbis flac alac ac3 eac3 amrnb amrwb gsm g729",
    "pcm_s16le pcm_s16be pcm_s24le pcm_s32le pcm_f32le pcm_f32be pcm_f64le pcm_u8 pcm_alaw pcm_mulaw",
    "adpcm_g722 adpcm_g726 adpcm_g726le adpcm_ima_wav adpcm_ms wmav2",
  ].join(" "),
  encoder:
    "rawvideo wrapped_avframe mjpeg png bmp mpeg4 ffv1 aac flac pcm_s16le pcm_s16be pcm_f32le pcm_alaw pcm_mulaw",
  parser:
    "h264 hevc vp8 vp9 mpeg4video mpegvideo h263 mjpeg png bmp webp aac aac_latm mpegaudio opus vorbis flac ac3 g729",
  bsf: [
    "h264_mp4toannexb hevc_mp4toannexb h264_metadata hevc_metadata filter_units extract_extradata dump_extradata",
    "remove_extradata aac_adtstoasc vp9_superframe vp9_superframe_split mpeg4_unpack_bframes mjpeg2jpeg setts null",
  ].join(" "),
  filter: [
    "scale fps framerate crop pad transpose hflip vflip rotate format noformat null copy setsar setdar",
    "setpts settb trim select split concat loop tpad realtime yadif bwdif fade tile thumbnail overlay drawbox drawgrid",
    "showinfo metadata signalstats freezedetect blackdetect gblur avgblur noise hue extractplanes",
    "color testsrc testsrc2 smptebars rgbtestsrc nullsrc",
    "aresample aformat anull asetpts asetnsamples asetrate atrim aselect asplit volume amix amerge pan channelmap",
    "channelsplit apad adelay arealtime highpass lowpass silencedetect volumedetect astats ashowinfo",
    "sine aevalsrc anoisesrc anullsrc",
  ].join(" "),
  // v4l2 is the kernel's; a microphone needs ALSA's or PulseAudio's library, so a system ffmpeg.
  indev: "lavfi v4l2",
};

/** Arguments of ffmpeg's configure, without what differs by target. */
export function configureFlags(): string[] {
  const parts = Object.entries(PARTS).flatMap(([kind, names]) =>
    names.split(" ").map((name) => `--enable-${kind}=${name}`),
  );
  return [
    "--prefix=/usr",
    "--extra-version=schnitzel",
    "--disable-everything",
    "--disable-autodetect", // nothing of the machine that builds gets in
    "--disable-doc",
    "--disable-debug",
    "--disable-ffplay",
    "--disable-ffprobe",
    "--disable-shared",
    "--enable-static",
    "--enable-pthreads",
    "--enable-zlib", // PNG, and answers of servers that are packed
    "--enable-mbedtls", // rtsps and https; Apache-2.0, which LGPL 3 goes with and LGPL 2.1 does not
    "--enable-version3",
    ...parts,
  ];
}
