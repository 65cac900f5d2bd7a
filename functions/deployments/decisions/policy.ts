/** Whether every deployment has to be approved here, whatever it asks: DEPLOYMENT_APPROVAL is `always`. */
export const approvalAlways = (): boolean => process.env.DEPLOYMENT_APPROVAL === 'always';
