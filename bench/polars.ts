/** The rival whose results the column plane is also tested against, as the packages of the bench have it. */
export { default } from 'nodejs-polars';
