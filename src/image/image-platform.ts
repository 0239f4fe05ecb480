/** Operating system and processor that an image is built for. */
export class ImagePlatform {
  /** 64-bit Intel and AMD: Azure Container Instances and most nodes. */
  public static readonly LINUX_AMD64 = new ImagePlatform('linux/amd64', 'linux', 'x64');
  /** 64-bit Arm: Ampere nodes, most edge devices, Apple laptops. */
  public static readonly LINUX_ARM64 = new ImagePlatform('linux/arm64', 'linux', 'arm64');

  private constructor(
    /** As Docker writes it, such as `linux/amd64`. */
    public readonly platform: string,
    /** As Node.js calls it. @internal */
    public readonly _os: string,
    /** As Node.js calls it. @internal */
    public readonly _architecture: string,
  ) {}
}
