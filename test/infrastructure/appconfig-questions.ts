/**
 * Below the application, what AppConfig asks IAM about at each call:
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsappconfig.html
 */
export const askedBelow = (environment: string, profile: string): Record<string, string[]> => ({
  ListEnvironments: [''],
  CreateEnvironment: [''],
  UpdateEnvironment: ['', `/environment/${environment}`],
  ListConfigurationProfiles: [''],
  CreateConfigurationProfile: [''],
  ListHostedConfigurationVersions: ['', `/configurationprofile/${profile}`],
  CreateHostedConfigurationVersion: ['', `/configurationprofile/${profile}`],
  StartDeployment: ['', `/environment/${environment}`, `/configurationprofile/${profile}`],
  ListDeployments: ['', `/environment/${environment}`],
  GetHostedConfigurationVersion: [
    '',
    `/configurationprofile/${profile}`,
    `/configurationprofile/${profile}/hostedconfigurationversion/7`,
  ],
  DeleteHostedConfigurationVersion: [
    '',
    `/configurationprofile/${profile}`,
    `/configurationprofile/${profile}/hostedconfigurationversion/7`,
  ],
  GetDeployment: ['', `/environment/${environment}`, `/environment/${environment}/deployment/7`],
  StartConfigurationSession: [`/environment/${environment}/configuration/${profile}`],
  GetLatestConfiguration: [`/environment/${environment}/configuration/${profile}`],
});
