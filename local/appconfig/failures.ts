import {
  BadRequestException,
  ConflictException,
  type InvalidConfigurationDetail,
  PayloadTooLargeException,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
} from '@aws-sdk/client-appconfig';

// Errors of AppConfig as its SDK throws them.

export type Answer<T> = Promise<Omit<T, '$metadata'>>;

const told = (message: string) => ({ $metadata: {}, message, Message: message });

export const badRequest = (message: string) => new BadRequestException(told(message));
export const conflict = (message: string) => new ConflictException(told(message));
export const quotaExceeded = (message: string) => new ServiceQuotaExceededException(told(message));

export const notFound = (what: string, name: string) =>
  new ResourceNotFoundException({
    ...told(`Could not find ${what} with the ID ${name}`),
    ResourceName: name,
  });

export const invalidConfiguration = (InvalidConfiguration: InvalidConfigurationDetail[]) =>
  new BadRequestException({
    ...told(
      `The configuration is not valid: ${InvalidConfiguration.map(({ Location, Reason }) => [Location, Reason].filter(Boolean).join(' ')).join('; ')}`,
    ),
    Reason: 'InvalidConfiguration',
    Details: { InvalidConfiguration },
  });

/** Sizes in bytes. */
export const payloadTooLarge = (size: number, limit: number) =>
  new PayloadTooLargeException({
    ...told(`The configuration has ${size} bytes, more than the ${limit} that AppConfig takes`),
    Measure: 'KILOBYTES',
    Limit: limit / 1024,
    Size: Math.ceil(size / 1024),
  });
